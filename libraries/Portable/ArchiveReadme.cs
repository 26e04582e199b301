namespace StellaOps.Backup.Portable;

/// <summary>What somebody reads who has the archive and not this product.</summary>
public static class ArchiveReadme
{
    public const string Path = "README.txt";

    public const string Text = """
        This is a recovery point of Stella Ops Backup: one repository of the format of restic (https://restic.net) for each component,
        with one snapshot (one for each PostgreSQL cluster). The passwords are not in it.

        With the product, on any installation whose workers have the passwords:

            stella backup restore --source THIS-FILE-OR-ITS-URL --confirm

        Without it:

            mkdir point && tar -xzf NAME.tar.gz -C point && cd point
            cat *.contents | awk '{print $1 "  " $3}' | sha256sum -c --quiet      # every byte, against the lists
            restic -r database restore latest --target /somewhere                 # and evidence, config, secrets, keys

        database holds PostgreSQL's data directory, with the WAL that it needs to start, below 'pgdata'. Files of secrets and keys are
        encrypted by age (https://age-encryption.org) to their custodians: age -d -i identity.txt FILE.age

        archive.json is a DSSE envelope; its signature covers README.txt, the manifest in points/ and the lists *.contents, and so every byte.

        """;
}
