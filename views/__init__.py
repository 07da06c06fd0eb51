"""The pages, one file each; with app.py and asgi.py the only code that imports streamlit."""
