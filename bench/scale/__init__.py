"""How far one database carries: several instances, announcements, months of audit events."""
