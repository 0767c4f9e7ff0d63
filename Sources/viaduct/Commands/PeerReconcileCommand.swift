import ArgumentParser
import CaseStore
import Federation
import Foundation
import Gateway
import Outbound
import Relay

/// `viaduct peer reconcile`.
struct PeerReconcileCommand: OnePeerCommand {
    static let configuration = CommandConfiguration(
        commandName: "reconcile",
        abstract: "Reads a peer all over again, and tells where it and we do not agree.",
        discussion: """
            What is new is taken in by the running server, which is told to sweep the peer now \
            rather than in the night; with --dry-run it is only told here. The exit code is 1 if \
            there are differences.

            Example: viaduct peer reconcile roads --dry-run
            """)

    @OptionGroup var target: OnePeer
    @Flag(help: "Changes nothing.")
    var dryRun = false

    func perform() async throws {
        let (settings, peer) = try await readPeer()
        guard !peer.flow.isDisjoint(with: [.updatesIn, .reportsIn]) else {
            throw CommandError(
                .usage,
                "\(peer.name) is not read: its flow names neither updates_in nor reports_in.")
        }
        let back = peer.polling.sweep ?? .seconds(90 * 86_400)
        let since = Date().addingTimeInterval(-(back / .seconds(1)))
        let tickets = try await withStore(settings) { store in
            try await store.heldTickets(of: peer.name, since: since)
        }
        let shown = try await read(peer, settings, tickets: tickets)
        let isOrdered =
            dryRun
            ? false
            : try await withStore(settings) { store in
                try await store.orderSweep(of: peer.name, now: Date())
            }
        let result = Reconciliation(tickets, with: shown, mapping: peer.mapping)
        if json {
            Terminal.print(json: result)
        } else {
            tell(result)
            if isOrdered { Terminal.note("The running server sweeps \(peer.name) now.") }
        }
        guard result.isClean else { throw ExitCode(CommandError.Exit.found.rawValue) }
    }

    /// Everything that the peer shows of the time of a sweep, and how our tickets stand that it does
    /// not show by itself.
    private func read(
        _ peer: Peer, _ settings: Settings, tickets: [HeldTicket]
    ) async throws -> PeerShow {
        try await OutboundClient.with(OutboundClient.Settings(peersOf: settings)) { client in
            guard let line = try settings.lines(to: [peer.name], for: .command, over: client).first
            else { throw CommandError(.settings, "There is no way to \(peer.name).") }
            let progress = Progress("Reading \(peer.name)")
            let result: Result<PeerShow, PeerError>
            do throws(PeerError) {
                result = .success(try await line.show(and: tickets.map(\.id), progress))
            } catch {
                result = .failure(error)
            }
            await progress.finish()
            do throws(PeerError) {
                return try result.get()
            } catch {
                throw CommandError(
                    .unavailable, "\(peer.name) cannot be read: \(error.reason).")
            }
        }
    }

    private func tell(_ result: Reconciliation) {
        Terminal.print(
            "\(result.common) reports are there and here; \(result.missing.count) of ours are not "
                + "shown there, \(result.different.count) stand differently, "
                + "\(result.unknown.count) of theirs are not known here")
        if result.silent > 0 {
            Terminal.print(
                "\(result.silent) of ours cannot be compared: the peer shows no reports, and has "
                    + "said nothing of these")
        }
        if !result.unmapped.isEmpty {
            Terminal.print(
                "no mapping explains: \(result.unmapped.joined(separator: ", "))")
        }
        let items = result.missing + result.different
        guard !items.isEmpty else { return }
        Terminal.print(
            Terminal.table(
                ["REPORT", "TICKET", "OURS", "THEIRS"],
                items.map { [$0.report, $0.ticket, $0.ours, $0.theirs ?? "not shown"] }))
    }
}

extension PeerLine {
    /// Everything that the peer lists, and these tickets.
    fileprivate func show(
        and tickets: [String], _ progress: Progress
    ) async throws(PeerError) -> PeerShow {
        var show = PeerShow()
        var cursor: Cursor?
        while true {
            let page = try await adapter.collect(after: cursor, over: wire)
            show.add(page.items)
            await progress.advance(by: page.items.count)
            if page.isLast { break }
            guard page.next != cursor else {
                throw PeerError(.later(nil), "its reading does not get on")
            }
            cursor = page.next
        }
        let listed = Set(show.reports.map(\.id))
        var rest = tickets.filter { !listed.contains($0) }[...]
        while adapter.traits.looks > 0, !rest.isEmpty {
            let some = Array(rest.prefix(adapter.traits.looks))
            rest = rest.dropFirst(some.count)
            show.add(try await adapter.look(at: some, over: wire))
            show.asked.formUnion(some)
            await progress.advance(by: some.count)
        }
        return show
    }
}

extension PeerShow {
    fileprivate mutating func add(_ items: [Incoming]) {
        for item in items {
            switch item {
            case .report(let report): reports.append(report)
            case .update(let update): updates.append(update)
            }
        }
    }
}
