"""Reports: the model, the rules, the deadline and the JSON form. Pure.

Source of the fields and rules: UU 6/2011 art. 72, PP 31/2013 art. 188, and what APOA's own form asks for.
"""
