"""Migrations of the SQL tables, one operation a file: MySQL commits each DDL statement alone."""
