"""`python -m bench [NAME...]`: the measures that the project promises, as ratios inside one run. Changes nothing."""
