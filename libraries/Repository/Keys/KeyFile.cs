using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using StellaOps.Backup.Repository.Crypto;

namespace StellaOps.Backup.Repository.Keys;

/// <summary>Wraps the master key in a password, and unwraps it (restic design, "Keys, Encryption and MAC").</summary>
internal static class KeyFile
{
    private const string ScryptName = "scrypt";
    private const int SaltLength = 64, DerivedLength = 64;

    internal static byte[] Create(MasterKey master, string password, RepositoryOptions options)
    {
        var cost = options.Kdf;
        var salt = RandomNumberGenerator.GetBytes(SaltLength);
        using var user = Derive(password, salt, cost, options.DerivedKeys);
        var payload = JsonSerializer.SerializeToUtf8Bytes(
            new KeyPayloadJson
            {
                Mac = new MacKeyJson { K = master.MacK.ToArray(), R = master.MacR.ToArray() },
                Encrypt = master.Encrypt.ToArray(),
            },
            RepositoryJson.Default.KeyPayloadJson);
        var data = new byte[payload.Length + UnitCipher.Overhead];
        using (var cipher = CipherSuite.Current.CreateCipher(user))
        {
            cipher.Seal(payload, data);
        }

        CryptographicOperations.ZeroMemory(payload);
        return JsonSerializer.SerializeToUtf8Bytes(
            new KeyFileJson
            {
                Created = options.Clock.GetUtcNow(),
                Username = options.Username,
                Hostname = options.Hostname,
                Kdf = ScryptName,
                N = cost.N,
                R = cost.R,
                P = cost.P,
                Salt = salt,
                Data = data,
            },
            RepositoryJson.Default.KeyFileJson);
    }

    /// <summary>Null when the password is not the one of this file.</summary>
    /// <param name="content">The file.</param>
    /// <param name="password">As typed.</param>
    /// <param name="derived">What is known of passwords; null derives anew.</param>
    /// <exception cref="RepositoryException">
    /// <see cref="RepositoryFailure.Damaged"/>; <see cref="RepositoryFailure.Unsupported"/> for another derivation or an absurd cost.
    /// </exception>
    internal static MasterKey? TryOpen(ReadOnlySpan<byte> content, string password, DerivedKeys? derived = null)
    {
        var file = Decode(content);
        using var user = Derive(password, file.Salt, new KdfParameters(file.N, file.R, file.P), derived);
        using var cipher = CipherSuite.Current.CreateCipher(user);
        var plain = new byte[Math.Max(0, file.Data!.Length - UnitCipher.Overhead)];
        if (!cipher.TryOpen(file.Data, plain))
        {
            return null;
        }

        var master = DecodePayload(plain);
        CryptographicOperations.ZeroMemory(plain);
        return master;
    }

    internal static KeyFileJson Decode(ReadOnlySpan<byte> content)
    {
        KeyFileJson? file;
        try
        {
            file = JsonSerializer.Deserialize(content, RepositoryJson.Default.KeyFileJson);
        }
        catch (JsonException exception)
        {
            throw new RepositoryException(RepositoryFailure.Damaged, "the key file is not readable", exception);
        }

        if (file is not { Salt.Length: > 0, Data.Length: > UnitCipher.Overhead, Kdf: not null })
        {
            throw new RepositoryException(RepositoryFailure.Damaged, "the key file lacks its salt, its data or its derivation");
        }

        return file.Kdf == ScryptName && new KdfParameters(file.N, file.R, file.P).IsAcceptable
            ? file
            : throw new RepositoryException(RepositoryFailure.Unsupported, $"the key file wants the derivation {file.Kdf} with N={file.N}, r={file.R}, p={file.P}");
    }

    private static MasterKey DecodePayload(ReadOnlySpan<byte> plain)
    {
        KeyPayloadJson? payload;
        try
        {
            payload = JsonSerializer.Deserialize(plain, RepositoryJson.Default.KeyPayloadJson);
        }
        catch (JsonException exception)
        {
            throw new RepositoryException(RepositoryFailure.Damaged, "the key file holds no readable key", exception);
        }

        if (payload is not { Encrypt: { Length: MasterKey.EncryptLength } encrypt, Mac: { K: { Length: MasterKey.MacLength } k, R: { Length: MasterKey.MacLength } r } })
        {
            throw new RepositoryException(RepositoryFailure.Damaged, "the key file holds keys of a wrong length");
        }

        byte[] all = [.. encrypt, .. k, .. r];
        var master = new MasterKey(all);
        foreach (var part in (byte[][])[all, encrypt, k, r])
        {
            CryptographicOperations.ZeroMemory(part);
        }

        return master.IsValid ? master : throw new RepositoryException(RepositoryFailure.Damaged, "the key file holds a key of zeros");
    }

    private static MasterKey Derive(string password, ReadOnlySpan<byte> salt, KdfParameters cost, DerivedKeys? known)
    {
        Span<byte> derived = stackalloc byte[DerivedLength];
        var bytes = Encoding.UTF8.GetBytes(password);
        if (known is null)
        {
            Scrypt.DeriveKey(bytes, salt, cost, derived);
        }
        else
        {
            known.Derive(bytes, salt, cost, derived);
        }

        var key = new MasterKey(derived);
        CryptographicOperations.ZeroMemory(bytes);
        CryptographicOperations.ZeroMemory(derived);
        return key;
    }
}
