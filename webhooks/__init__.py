"""HTTP only: bytes in, one call, status out. Telegram, Twilio, partners, operators and a person trying it out call us."""
