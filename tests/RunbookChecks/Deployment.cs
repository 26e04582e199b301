using Amazon.S3.Model;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.S3;
using StellaOps.Backup.Testing.Stack;

namespace StellaOps.Backup.RunbookChecks;

/// <summary>What the runbook is typed against: a stack of <c>deploy/local/up</c>, and an S3 server for what goes offsite, once somebody wants it.</summary>
internal sealed class Deployment : IAsyncDisposable
{
    /// <summary>Room for all backups of a run, and to be filled in an instant.</summary>
    private const string SmallDiskSize = "1g";

    private readonly S3Fixture _s3 = new();
    private bool _s3Runs;
    private SmallDisk? _disk;

    public LocalStack Stack { get; } = new();

    /// <summary>The file system of the location, where it is one of its own.</summary>
    public SmallDisk Disk => _disk ?? throw new InvalidOperationException("the location has no file system of its own");

    /// <summary>The key of the S3 server, which is nobody's business.</summary>
    public string BucketSecret => _s3.SecretKey;

    private Dictionary<string, string?> Settings => new() { ["STELLAOPS_BACKUP__Location__ArchiveCredentialsFile"] = _s3.CredentialsFile };

    /// <summary>Starts the stack, and takes its first point as every newcomer's is.</summary>
    public async Task StartAsync(bool withPast, bool smallDisk, CancellationToken cancellationToken)
    {
        if (smallDisk)
        {
            _disk = await SmallDisk.MountAsync(Path.Combine(Stack.Data, "backups"), SmallDiskSize, cancellationToken);
        }

        if (withPast)
        {
            using var clock = await SlowClock.MakeAsync(cancellationToken);
            await Stack.StartAsync(clock.With(Settings), cancellationToken);
            await Past.LiveAsync(Stack, cancellationToken);
            await Stack.RestartAsync(Settings, cancellationToken, firstBackup: true);
        }
        else
        {
            await Stack.StartAsync(Settings, cancellationToken, firstBackup: true);
        }
    }

    /// <summary>Starts what does not run.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="scheduled">Services that are started now start by themselves what is due.</param>
    public Task UpAsync(CancellationToken cancellationToken, bool scheduled = false) =>
        Stack.UpAsync(new Dictionary<string, string?>(Settings) { [LocalStack.Scheduled] = scheduled ? "true" : "false" }, cancellationToken);

    /// <summary>The stack is lost with all that it had, and a new one is there in its place.</summary>
    public async Task LoseAsync(CancellationToken cancellationToken)
    {
        await Stack.DownAsync(cancellationToken);
        await UnmountAsync();
        await Stack.LoseAsync(Settings, cancellationToken);
    }

    /// <summary>Makes a bucket of this name, unless it is there.</summary>
    public async Task BucketAsync(string name, CancellationToken cancellationToken)
    {
        if (!_s3Runs)
        {
            await _s3.InitializeAsync();
            _s3Runs = true;
        }

        using var client = _s3.CreateClient();
        if (!(await client.ListBucketsAsync(cancellationToken)).Buckets?.Exists(bucket => bucket.BucketName == name) ?? true)
        {
            await _s3.CreateBucketAsync(name: name, cancellationToken: cancellationToken);
        }
    }

    /// <summary>What is in a bucket.</summary>
    public async Task<IReadOnlyList<S3Object>> ObjectsAsync(string bucket, CancellationToken cancellationToken)
    {
        using var client = _s3.CreateClient();
        return (await client.ListObjectsV2Async(new ListObjectsV2Request { BucketName = bucket }, cancellationToken)).S3Objects ?? [];
    }

    /// <summary>Fetches an object into a file.</summary>
    public async Task DownloadAsync(string bucket, string key, string file, CancellationToken cancellationToken)
    {
        using var client = _s3.CreateClient();
        using var answer = await client.GetObjectAsync(bucket, key, cancellationToken);
        await answer.WriteResponseStreamToFileAsync(file, append: false, cancellationToken);
    }

    /// <summary>Variables of an operator's shell, in which <c>stella</c> is the program of the stack.</summary>
    public async Task<IReadOnlyDictionary<string, string?>> ShellAsync(CancellationToken cancellationToken)
    {
        var programs = Stack.Scratch("bin");
        var stella = Path.Combine(programs, "stella");
        if (!File.Exists(stella))
        {
            await File.WriteAllTextAsync(stella, $"#!/bin/sh\nexec '{LocalStack.Root}/deploy/local/stella' --data '{Stack.Data}' \"$@\"\n", cancellationToken);
            File.SetUnixFileMode(stella, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        return new Dictionary<string, string?>(Stack.Environment.Select(pair => KeyValuePair.Create(pair.Key, (string?)pair.Value)))
        {
            ["PATH"] = $"{programs}:{Environment.GetEnvironmentVariable("PATH")}",
            ["TERM"] = "dumb",
        };
    }

    public async ValueTask DisposeAsync()
    {
        await UnmountAsync();
        await Stack.DisposeAsync();
        await _s3.DisposeAsync();
    }

    private async Task UnmountAsync()
    {
        if (_disk is not null)
        {
            await _disk.DisposeAsync();
            _disk = null;
        }
    }
}
