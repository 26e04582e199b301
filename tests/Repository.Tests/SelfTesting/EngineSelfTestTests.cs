using StellaOps.Backup.Repository.Crypto;
using StellaOps.Backup.Repository.SelfTesting;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Storage.Local;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.Repository.Tests.SelfTesting;

public sealed class EngineSelfTestTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new("stella-self-test-");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_sound_machine_passes_and_nothing_is_left()
    {
        await new EngineSelfTest().RunAsync(_directory.Path, TestContext.Current.CancellationToken);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_directory.Path));
    }

    [Fact]
    public void Both_suites_give_the_known_answers()
    {
        KnownAnswers.Check(new OpenSslSuite());
        KnownAnswers.Check(new ManagedSuite());
    }

    [Theory]
    [InlineData(true, "AES-256-CTR gives a wrong answer on this machine")]
    [InlineData(false, "Poly1305-AES gives a wrong answer on this machine")]
    public async Task A_cipher_that_computes_wrongly_is_found(bool content, string message)
    {
        var test = new EngineSelfTest(new BrokenSuite(content), directory => new LocalObjectStore(directory));
        var failure = await Assert.ThrowsAsync<SelfTestException>(() => test.RunAsync(_directory.Path, TestContext.Current.CancellationToken));
        Assert.Equal(message, failure.Message);
    }

    [Fact]
    public async Task A_bit_that_does_not_stay_as_it_was_stored_is_found()
    {
        var test = new EngineSelfTest(CipherSuite.Current, directory => new ForgetfulStore(new LocalObjectStore(directory)));
        await Assert.ThrowsAsync<SelfTestException>(() => test.RunAsync(_directory.Path, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_place_that_cannot_be_written_says_nothing_about_the_machine()
    {
        await File.WriteAllTextAsync(_directory["file"], "", TestContext.Current.CancellationToken);
        await Assert.ThrowsAnyAsync<IOException>(() => new EngineSelfTest().RunAsync(_directory["file"], TestContext.Current.CancellationToken));
    }

    /// <summary>Flips one bit of the content, or of the MAC, of everything.</summary>
    private sealed class BrokenSuite(bool content) : CipherSuite
    {
        internal override UnitCipher CreateCipher(MasterKey key) => new BrokenCipher(new ManagedSuite().CreateCipher(key), content);
    }

    private sealed class BrokenCipher(UnitCipher sound, bool content) : UnitCipher
    {
        internal override void Transform(ReadOnlySpan<byte> iv, ReadOnlySpan<byte> source, Span<byte> destination)
        {
            sound.Transform(iv, source, destination);
            destination[^1] ^= (byte)(content ? 1 : 0);
        }

        internal override void ComputeMac(ReadOnlySpan<byte> iv, ReadOnlySpan<byte> message, Span<byte> mac)
        {
            sound.ComputeMac(iv, message, mac);
            mac[0] ^= (byte)(content ? 0 : 1);
        }

        protected override void Dispose(bool disposing) => sound.Dispose();
    }

    /// <summary>Loses a bit in the middle of each pack that it stores, as a bad disk or memory does.</summary>
    private sealed class ForgetfulStore(IObjectStore inner) : IObjectStore
    {
        public string Description => inner.Description;

        public ValueTask PutAsync(string key, ReadOnlyMemory<byte> content, PutMode mode, CancellationToken cancellationToken = default)
        {
            var stored = content.ToArray();
            stored[stored.Length / 4] ^= (byte)(key.StartsWith("data/", StringComparison.Ordinal) ? 8 : 0);
            return inner.PutAsync(key, stored, mode, cancellationToken);
        }

        public ValueTask<int> ReadAsync(string key, long offset, Memory<byte> destination, CancellationToken cancellationToken = default) =>
            inner.ReadAsync(key, offset, destination, cancellationToken);

        public ValueTask<StoredObject?> FindAsync(string key, CancellationToken cancellationToken = default) => inner.FindAsync(key, cancellationToken);

        public IAsyncEnumerable<StoredObject> ListAsync(string prefix, CancellationToken cancellationToken = default) => inner.ListAsync(prefix, cancellationToken);

        public ValueTask DeleteAsync(string key, CancellationToken cancellationToken = default) => inner.DeleteAsync(key, cancellationToken);

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
