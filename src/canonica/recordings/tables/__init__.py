"""CSV and Parquet tables, read and written."""
