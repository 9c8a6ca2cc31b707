"""Recipes of training runs."""
