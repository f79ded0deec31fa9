"""Ready blocks: what everybody builds again and again, one file per family; each opens into ordinary layers."""
