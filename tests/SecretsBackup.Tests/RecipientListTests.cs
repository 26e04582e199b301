using StellaOps.Backup.Age.Keys;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.SecretsBackup.Recipients;
using StellaOps.Backup.SecretsBackup.Settings;

namespace StellaOps.Backup.SecretsBackup.Tests;

public sealed class RecipientListTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();
    private readonly string _ada = X25519Identity.Generate().ToString();
    private readonly string _ben = X25519Identity.Generate().ToString();

    [Fact]
    public async Task Setting_and_file_are_joined_and_named_once()
    {
        await File.WriteAllTextAsync(_file, $"# custodians\n{_ben}\n{_ada}\n", TestContext.Current.CancellationToken);
        var list = await LoadAsync(new() { Recipients = [_ada], RecipientsFile = _file });
        Assert.Equal(new[] { _ada, _ben }.Order(StringComparer.Ordinal), list.Names);
    }

    [Fact]
    public async Task The_tag_depends_on_who_and_not_on_the_order()
    {
        var both = await LoadAsync(new() { Recipients = [_ada, _ben] });
        Assert.Equal(both.Tag, (await LoadAsync(new() { Recipients = [_ben, _ada, _ben] })).Tag);
        Assert.NotEqual(both.Tag, (await LoadAsync(new() { Recipients = [_ada] })).Tag);
    }

    [Fact]
    public async Task Without_recipients_there_is_no_backup()
    {
        var refused = await RefuseAsync(new());
        Assert.Contains("Keys:Recipients", refused.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_recipient_is_named_by_its_setting() =>
        Assert.Contains("Keys:Recipients", (await RefuseAsync(new() { Recipients = ["age1wrong"] })).Message, StringComparison.Ordinal);

    [Fact]
    public async Task A_missing_file_is_named() =>
        Assert.Contains("/nowhere", (await RefuseAsync(new() { RecipientsFile = "/nowhere" })).Message, StringComparison.Ordinal);

    [Fact]
    public async Task Post_quantum_recipients_stand_alone() =>
        Assert.Contains("post-quantum", (await RefuseAsync(new() { Recipients = [_ada, HybridIdentity.Generate().ToString()] })).Message, StringComparison.Ordinal);

    [Fact]
    public async Task An_identity_in_place_of_a_recipient_is_refused_and_not_repeated()
    {
        var secret = X25519Identity.Generate().Export();
        var refused = await RefuseAsync(new() { Recipients = [secret] });
        Assert.DoesNotContain(secret, refused.ToString() + refused.Hint, StringComparison.OrdinalIgnoreCase);
    }

    public void Dispose() => File.Delete(_file);

    private static Task<RecipientList> LoadAsync(SecretsSettings settings) =>
        RecipientList.LoadAsync(Component.Keys, settings, TestContext.Current.CancellationToken);

    private static async Task<BackupException> RefuseAsync(SecretsSettings settings)
    {
        var refused = await Assert.ThrowsAsync<BackupException>(() => LoadAsync(settings));
        Assert.Equal(ErrorCodes.NotConfigured, refused.Error);
        return refused;
    }
}
