"""Reports: the model, the rules, the deadline and the JSON form. Pure.

Source of the fields and rules: UU 6/2011 art. 72 and PP 31/2013 art. 188; what else is asked for is our own choice.
"""
