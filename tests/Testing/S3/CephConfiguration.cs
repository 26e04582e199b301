namespace StellaOps.Backup.Testing.S3;

/// <summary>Settings of a Ceph cluster of one machine that keeps everything in memory.</summary>
internal static class CephConfiguration
{
    internal static string Text(string home, string id, int port) => $"""
        [global]
        fsid = {id}
        keyring = {home}/keyring
        mon host = [v2:127.0.0.1:{port + 1},v1:127.0.0.1:{port + 2}]
        public addr = 127.0.0.1
        cluster addr = 127.0.0.1
        auth cluster required = cephx
        auth service required = cephx
        auth client required = cephx
        osd pool default size = 1
        osd pool default min size = 1
        osd pool default pg num = 1
        osd pool default pgp num = 1
        osd pool default pg autoscale mode = off
        osd crush chooseleaf type = 0
        osd objectstore = memstore
        osd memory target = 939524096
        memstore device bytes = 4294967296
        mon allow pool size one = true
        mon warn on pool no redundancy = false
        mon data = {home}/mon
        osd data = {home}/osd
        run dir = {home}/run
        admin socket = {home}/run/$name.$pid.asok
        log file = {home}/log/$name.log
        crash dir = {home}/log
        ms bind ipv4 = true
        rgw frontends = beast endpoint=127.0.0.1:{port}
        rgw enable usage log = false
        rgw enable ops log = false
        rgw thread pool size = 64
        rgw dynamic resharding = false

        """;
}
