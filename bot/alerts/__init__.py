"""Vacancies and fairs: what may reach a person, and whom. Pure: nothing here reads or writes anything."""
