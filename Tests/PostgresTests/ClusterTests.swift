import DatabaseKit
import FoundationEssentials
import Glibc
import Testing

@testable import Postgres

@Suite(.serialized) struct ClusterTests {
    @Test func `a second start attaches to the cluster that runs`() async throws {
        try await TestCluster.with { cluster async throws in
            let process = try #require(cluster.process)
            let again = try await EmbeddedCluster.start(settings(of: cluster))
            #expect(again.process == process)
            #expect(again.address == cluster.address)
        }
    }

    @Test func `a cluster outlives the kill of its starter, and the next start attaches`()
        async throws
    {
        let directory = try TestDirectory()
        let settings = EmbeddedCluster.Settings(
            directory: directory.path, durability: .throwaway)
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = directory.path as String] in
            let cluster = try await EmbeddedCluster.start(
                EmbeddedCluster.Settings(directory: path, durability: .throwaway))
            try await Pool(Pool.Settings(address: cluster.address)).run(
                script: "CREATE TABLE thing (id bigint)")
            kill(getpid(), SIGKILL)
        }
        let left = try #require(
            try String(contentsOfFile: directory.path + "/data/postmaster.pid", encoding: .utf8)
                .split(separator: "\n").first.flatMap { pid_t($0) })
        let again = try await EmbeddedCluster.start(settings)
        #expect(again.process == left)
        #expect(!again.wasStartedHere)
        let pool = Pool(Pool.Settings(address: again.address))
        #expect(try await pool.count("SELECT id FROM thing") == 0)
        await again.stop()
    }

    @Test(.enabled(if: getuid() == 0, "only root has an account beside its own"))
    func `a directory that the account may not enter is replaced by one that it may`() async throws
    {
        let directory = try TestDirectory()
        mkdir(directory.path + "/closed", 0o700)
        let account = try ClusterAccount(named: nil)
        let place = try await ClusterPlace(directory.path + "/closed/home", for: account)
        #expect(place.home.hasPrefix("/var/lib/viaduct/"))
        #expect(place.notice != nil)
        let again = try await ClusterPlace(directory.path + "/closed/home", for: account)
        #expect(again.home == place.home)
        try FileManager.default.removeItem(atPath: place.home)
    }

    @Test func `a cluster whose postmaster was killed recovers with what was committed`()
        async throws
    {
        try await TestCluster.with { cluster async throws in
            try await Pool(Pool.Settings(address: cluster.address)).run(
                script: "CREATE TABLE thing (id bigint); INSERT INTO thing VALUES (1)")
            let process = try #require(cluster.process)
            kill(process, SIGKILL)
            while cluster.process == process { try await Task.sleep(for: .milliseconds(1)) }
            let again = try await EmbeddedCluster.start(settings(of: cluster))
            #expect(again.process != process)
            let pool = Pool(Pool.Settings(address: again.address))
            #expect(try await pool.count("SELECT id FROM thing") == 1)
        }
    }

    @Test func `a start that is interrupted does not wait for another starter`() async throws {
        try await TestCluster.with { cluster async throws in
            let settings = settings(of: cluster)
            let lock = try await ClusterLock(settings.directory + "/lock")
            let start = Task { try await EmbeddedCluster.start(settings) }
            start.cancel()
            await #expect(throws: ClusterError.self) { try await start.value }
            lock.unlock()
        }
    }

    @Test func `whoever watches leaves the start to the one who has begun it`() async throws {
        try await TestCluster.with { cluster async throws in
            let lock = try await ClusterLock(settings(of: cluster).directory + "/lock")
            kill(try #require(cluster.process), SIGKILL)
            let watching = Task { await cluster.watch() }
            defer { watching.cancel() }
            try await Task.sleep(for: .milliseconds(900))
            #expect(cluster.process == nil)
            lock.unlock()
            while cluster.process == nil { try await Task.sleep(for: .milliseconds(20)) }
        }
    }

    @Test func `a process file that names somebody else's process is no hindrance`() async throws {
        try await TestCluster.with { cluster async throws in
            let file = cluster.dataDirectory + "/postmaster.pid"
            let text = try String(contentsOfFile: file, encoding: .utf8)
            await cluster.stop()
            // Our own number, which certainly is in use.
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropFirst()
            try ([String(getpid())] + lines.map(String.init)).joined(separator: "\n")
                .write(toFile: file, atomically: false, encoding: .utf8)
            #expect(cluster.process == nil)
            let again = try await EmbeddedCluster.start(settings(of: cluster))
            #expect(again.process != nil)
            await again.stop()
        }
    }

    @Test func `the cluster knows the small letters of Cyrillic`() async throws {
        try await TestCluster.with { cluster async throws in
            let pool = Pool(Pool.Settings(address: cluster.address))
            #expect(try await pool.count("SELECT 1 WHERE 'ДУПКА ЂËÇ' ILIKE 'дупка ђëç'") == 1)
        }
    }

    @Test func `a stop ends the cluster and leaves its data`() async throws {
        try await TestCluster.with { cluster async throws in
            await cluster.stop()
            #expect(cluster.process == nil)
            #expect(access(cluster.dataDirectory + "/PG_VERSION", F_OK) == 0)
            #expect(access(cluster.dataDirectory + "/postmaster.pid", F_OK) != 0)
        }
    }

    @Test func `only the account and root may enter the data and the socket`() async throws {
        try await TestCluster.with { cluster async throws in
            for path in [cluster.dataDirectory, cluster.dataDirectory + "/../socket"] {
                var status = stat()
                #expect(stat(path, &status) == 0)
                #expect(status.st_mode & 0o777 == 0o700)
            }
            // Our group is not that of the postmaster, so our Ctrl-C is not its end.
            #expect(getpgid(try #require(cluster.process)) != getpgrp())
        }
    }

    @Test func `the application's user is no superuser and the server passes the check`()
        async throws
    {
        try await TestCluster.with { cluster async throws in
            let check = try await ServerCheck.run(
                on: Pool(Pool.Settings(address: cluster.address)))
            #expect(check == ServerCheck(ServerCheck.Facts()))
        }
    }

    @Test(arguments: ["fsync", "full_page_writes", "synchronous_commit"])
    func `a server that may lose what it acknowledged is refused`(setting: String) async throws {
        try await TestCluster.with { cluster async throws in
            let pool = Pool(Pool.Settings(address: cluster.administratorAddress))
            _ = try await pool.query(SQL(verbatim: "ALTER SYSTEM SET \(setting) = off"))
            _ = try await pool.query("SELECT pg_reload_conf()")
            let other = Pool(Pool.Settings(address: cluster.address))
            var check = try await ServerCheck.run(on: other)
            // Each server process reads the settings anew when it has nothing to do.
            for _ in 0..<100 where check.refusals.isEmpty {
                try await Task.sleep(for: .milliseconds(20))
                check = try await ServerCheck.run(on: other)
            }
            #expect(check.refusals.count == 1)
            #expect(check.refusals.first?.hasPrefix("\(setting) is off") == true)
        }
    }

    @Test(arguments: [
        (ServerCheck.Facts(version: 120_004), "The server is PostgreSQL 12"),
        (ServerCheck.Facts(dataChecksums: "off"), "data_checksums is off"),
        (ServerCheck.Facts(isSuperuser: true), "We connect as a superuser"),
        (ServerCheck.Facts(hasAsynchronousStandby: true), "A standby follows asynchronously"),
        (ServerCheck.Facts(hasOtherCollation: true), "The collation's version has changed"),
        (ServerCheck.Facts(clockOffset: -3), "The server's clock and ours differ by -3.0 s"),
    ])
    func `what an operator should know is a warning`(facts: ServerCheck.Facts, warning: String) {
        let check = ServerCheck(facts)
        #expect(check.refusals.isEmpty)
        #expect(check.warnings.count == 1)
        #expect(check.warnings.first?.hasPrefix(warning) == true)
    }

    @Test func `a server that is well kept needs no remark`() async throws {
        #expect(ServerUpkeep(ServerUpkeep.Facts(), connections: 13).remarks.isEmpty)
        try await TestCluster.with { cluster async throws in
            let pool = Pool(Pool.Settings(address: cluster.address))
            #expect(try await ServerUpkeep.run(on: pool, connections: 13).remarks.isEmpty)
        }
    }

    @Test(
        arguments: [
            (ServerUpkeep.Facts(hasAutovacuum: false), .autovacuum, "autovacuum is off:"),
            (ServerUpkeep.Facts(unswept: ["a", "b"]), .autovacuum, "autovacuum is off for a, b"),
            (ServerUpkeep.Facts(statementTimeout: 0), .timeouts, "statement_timeout is 0"),
            (
                ServerUpkeep.Facts(longestTransaction: 901), .transactions,
                "A transaction has run for 15"
            ),
            (ServerUpkeep.Facts(preparedTransactions: 2), .transactions, "2 prepared transactions"),
            (
                ServerUpkeep.Facts(idleSlots: ["gone"]), .slots,
                "Nobody reads the replication slots gone"
            ),
            (
                ServerUpkeep.Facts(age: 400_000_001), .age,
                "The oldest transaction is 400 million behind"
            ),
            (ServerUpkeep.Facts(bloated: ["a"]), .bloat, "More dead than living rows in a."),
            (ServerUpkeep.Facts(unreadable: ["a"]), .role, "Our role may not read a."),
            (ServerUpkeep.Facts(room: 12), .connections, "The server has room for 12 connections"),
            (
                ServerUpkeep.Facts(unarchived: "0001"), .archiving,
                "The server's log is not archived"
            ),
        ] as [(ServerUpkeep.Facts, ServerRemark.Side, String)])
    func `what goes wrong slowly is told`(
        facts: ServerUpkeep.Facts, side: ServerRemark.Side, text: String
    ) throws {
        let remarks = ServerUpkeep(facts, connections: 13).remarks
        #expect(remarks.count == 1)
        let remark = try #require(remarks.first)
        #expect(remark.side == side)
        #expect(remark.text.hasPrefix(text))
        #expect(remark.advice.hasSuffix("."))
    }

    @Test func `a socket directory that somebody else made is not trusted`() async throws {
        let directory = try TestDirectory()
        let account = try ClusterAccount(named: nil)
        let path = directory.path + "/socket"
        mkdir(path, 0o777)
        chmod(path, 0o777)
        #expect(throws: ClusterError.self) { try ClusterPlace.make(path, for: account) }
        rmdir(path)
        symlink("/tmp", path)
        #expect(throws: ClusterError.self) { try ClusterPlace.make(path, for: account) }
    }

    private func settings(of cluster: EmbeddedCluster) -> EmbeddedCluster.Settings {
        let home = String(cluster.dataDirectory.dropLast("/data".count))
        return EmbeddedCluster.Settings(directory: home, durability: .throwaway)
    }
}
