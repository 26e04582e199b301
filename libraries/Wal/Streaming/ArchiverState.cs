namespace StellaOps.Backup.Wal.Streaming;

/// <summary>The status that all parts of an archiver write to.</summary>
internal sealed class ArchiverState
{
    private readonly Lock _gate = new();
    private WalArchiverStatus _status = new();
    private bool _storeFails;

    public WalArchiverStatus Status
    {
        get
        {
            lock (_gate)
            {
                return _status;
            }
        }
    }

    /// <summary>Called when there is more in the archive.</summary>
    public Action? Advanced { get; set; }

    public void Set(Func<WalArchiverStatus, WalArchiverStatus> change)
    {
        lock (_gate)
        {
            _status = change(_status);
        }
    }

    public void Archived(long plain, long stored, bool whole)
    {
        Set(status => status with
        {
            BytesArchived = status.BytesArchived + plain,
            BytesStored = status.BytesStored + stored,
            SegmentsArchived = status.SegmentsArchived + (whole ? 1 : 0),
        });
        Advanced?.Invoke();
    }

    /// <summary>True for the first failure after a success.</summary>
    public bool StoreFailed(string problem)
    {
        lock (_gate)
        {
            _status = _status with { StoreFailures = _status.StoreFailures + 1, Problem = problem };
            var first = !_storeFails;
            _storeFails = true;
            return first;
        }
    }

    public void StoreWorks()
    {
        lock (_gate)
        {
            if (_storeFails)
            {
                _storeFails = false;
                _status = _status with { Problem = null, Remedy = null };
            }
        }
    }
}
