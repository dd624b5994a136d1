"""Tornado: one thin class per resource. Read, call one service, answer."""
