using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Org.BouncyCastle.Crypto.Macs;
using Org.BouncyCastle.Crypto.Parameters;

namespace StellaOps.Backup.Repository.Crypto;

/// <summary>Encrypted units without native code: AES over blocks of counters, and BouncyCastle's Poly1305.</summary>
internal sealed class ManagedUnitCipher : UnitCipher
{
    private const int BlockLength = 16, BatchLength = 16 * 1024;

    private readonly Aes _content = Aes.Create(), _nonce = Aes.Create();
    private readonly Poly1305 _poly = new();
    private readonly byte[] _counters = new byte[BatchLength], _stream = new byte[BatchLength], _oneTime = new byte[2 * MasterKey.MacLength];

    internal ManagedUnitCipher(MasterKey key)
    {
        _content.SetKey(key.Encrypt);
        _nonce.SetKey(key.MacK);
        key.MacR.CopyTo(_oneTime);
        Clamp(_oneTime);
    }

    internal override void Transform(ReadOnlySpan<byte> iv, ReadOnlySpan<byte> source, Span<byte> destination)
    {
        var counter = BinaryPrimitives.ReadUInt128BigEndian(iv);
        while (source.Length > 0)
        {
            var length = Math.Min(BatchLength, source.Length);
            var blocks = (length + BlockLength - 1) / BlockLength * BlockLength;
            for (var at = 0; at < blocks; at += BlockLength)
            {
                BinaryPrimitives.WriteUInt128BigEndian(_counters.AsSpan(at), counter++);
            }

            _content.EncryptEcb(_counters.AsSpan(0, blocks), _stream.AsSpan(0, blocks), PaddingMode.None);
            Xor(source[..length], _stream.AsSpan(0, length), destination[..length]);
            source = source[length..];
            destination = destination[length..];
        }
    }

    internal override void ComputeMac(ReadOnlySpan<byte> iv, ReadOnlySpan<byte> message, Span<byte> mac)
    {
        _nonce.EncryptEcb(iv, _oneTime.AsSpan(MasterKey.MacLength), PaddingMode.None);
        _poly.Init(new KeyParameter(_oneTime));
        _poly.BlockUpdate(message);
        _poly.DoFinal(mac);
    }

    protected override void Dispose(bool disposing)
    {
        _content.Dispose();
        _nonce.Dispose();
        CryptographicOperations.ZeroMemory(_oneTime);
        CryptographicOperations.ZeroMemory(_stream);
    }

    private static void Xor(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right, Span<byte> destination)
    {
        var lefts = MemoryMarshal.Cast<byte, Vector<byte>>(left);
        var rights = MemoryMarshal.Cast<byte, Vector<byte>>(right);
        var destinations = MemoryMarshal.Cast<byte, Vector<byte>>(destination);
        for (var i = 0; i < lefts.Length; i++)
        {
            destinations[i] = lefts[i] ^ rights[i];
        }

        for (var i = lefts.Length * Vector<byte>.Count; i < left.Length; i++)
        {
            destination[i] = (byte)(left[i] ^ right[i]);
        }
    }

    /// <summary>Bits of r that Poly1305 wants to be zero.</summary>
    private static void Clamp(Span<byte> r)
    {
        r[3] &= 15;
        r[7] &= 15;
        r[11] &= 15;
        r[15] &= 15;
        r[4] &= 252;
        r[8] &= 252;
        r[12] &= 252;
    }
}
