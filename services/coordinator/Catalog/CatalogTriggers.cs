namespace StellaOps.Backup.Coordinator.Catalog;

/// <summary>What the tables need beyond columns; part of the first migration.</summary>
internal static class CatalogTriggers
{
    /// <summary>
    /// Numbers of event rows. The lock is held until the transaction ends: a row with a lower number of the same operation
    /// cannot become visible after one with a higher number.
    /// </summary>
    public const string EventSequence =
        """
        CREATE SEQUENCE events_sequence;
        CREATE FUNCTION events_number() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          PERFORM pg_advisory_xact_lock(22338, hashtext(coalesce(NEW.operation_id::text, '')));
          NEW.sequence := nextval('events_sequence');
          RETURN NEW;
        END $$;
        CREATE TRIGGER events_number BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION events_number();
        """;

    /// <summary>The audit log only grows.</summary>
    public const string AuditOnlyGrows =
        """
        CREATE FUNCTION audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          RAISE EXCEPTION 'rows of the audit log are never changed or deleted';
        END $$;
        CREATE TRIGGER audit_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_only_grows();
        """;
}
