"""State machines of the templates: the Amazon States Language, executed.

https://states-language.net/spec.html
"""
