namespace StellaOps.Backup.Coordinator.Catalog;

/// <summary>What the tables need beyond columns; part of migrations, and so never changed.</summary>
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

    /// <summary>Channel on which <see cref="OperationChanges"/> tells ids of operations.</summary>
    public const string ChangeChannel = "operation_changed";

    /// <summary>
    /// Whoever changes an operation, one of its tasks or its log tells so at the commit, to all coordinators. PostgreSQL sends the same word once for a
    /// transaction.
    /// </summary>
    public const string OperationChanges =
        """
        CREATE FUNCTION operation_changed() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          PERFORM pg_notify('operation_changed', coalesce(to_jsonb(NEW)->>'operation_id', to_jsonb(NEW)->>'correlation_id'));
          RETURN NULL;
        END $$;
        CREATE TRIGGER operation_changed AFTER INSERT ON events FOR EACH ROW WHEN (NEW.operation_id IS NOT NULL) EXECUTE FUNCTION operation_changed();
        CREATE TRIGGER operation_changed AFTER UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION operation_changed();
        CREATE TRIGGER operation_changed AFTER UPDATE ON operations FOR EACH ROW EXECUTE FUNCTION operation_changed();
        """;

    /// <summary>Takes <see cref="OperationChanges"/> back.</summary>
    public const string NoOperationChanges =
        """
        DROP TRIGGER operation_changed ON events;
        DROP TRIGGER operation_changed ON tasks;
        DROP TRIGGER operation_changed ON operations;
        DROP FUNCTION operation_changed();
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
