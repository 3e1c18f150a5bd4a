"""What each page shows, as plain records: the templates know nothing else.

A page's module reads its record through the packages of the contexts; a test renders every template
from sample records without a database.
"""
