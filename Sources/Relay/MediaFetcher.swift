import CaseStore
import Federation
import FoundationEssentials
import Logging
import Media
import Outbound
import Reports

/// Fetches the pictures that a client named by address, through the outbound guard (M1, M2), and those
/// that a peer keeps for whoever has a key.
///
/// A picture that is not there yet is asked for again by the schedule; one that can never be shown is
/// given up. The report itself stays as it is in any case.
package struct MediaFetcher: Sendable {
    /// What the fetcher needs of the world.
    package struct Surroundings: Sendable {
        /// Claims at most so many pictures that are due; they are due again after the lease.
        package var due:
            @Sendable (_ limit: Int, _ now: Date) async throws(CaseStoreError) -> [DuePicture]
        /// The document under an address.
        package var fetch: @Sendable (_ address: String) async throws(OutboundError) -> [UInt8]
        /// The bytes of a picture that lies at a peer.
        package var ask: @Sendable (PeerPicture) async throws(PeerError) -> [UInt8]
        /// Cleans a picture and stores its file.
        package var put: @Sendable (_ bytes: [UInt8]) async throws(PutError) -> StoredPicture
        /// Shows a stored picture with its report.
        package var keep:
            @Sendable (DuePicture.ID, StoredPicture, _ now: Date) async throws(CaseStoreError) ->
                Void
        package var postpone:
            @Sendable (DuePicture.ID, _ until: Date) async throws(CaseStoreError) -> Void
        package var abandon: @Sendable (DuePicture.ID) async throws(CaseStoreError) -> Void
        package var now: @Sendable () -> Date
        /// A number between 0 and 1.
        package var chance: @Sendable () -> Double
        /// Waits until it is worth to look for due pictures again.
        package var pause: @Sendable () async -> Void

        package init(
            due:
                @escaping @Sendable (Int, Date) async throws(CaseStoreError) -> [DuePicture],
            fetch: @escaping @Sendable (String) async throws(OutboundError) -> [UInt8],
            ask: @escaping @Sendable (PeerPicture) async throws(PeerError) -> [UInt8] = {
                _ throws(PeerError) in throw PeerError(.refused, "there are no peers here")
            },
            put: @escaping @Sendable ([UInt8]) async throws(PutError) -> StoredPicture,
            keep:
                @escaping @Sendable (DuePicture.ID, StoredPicture, Date)
                async throws(CaseStoreError) -> Void,
            postpone:
                @escaping @Sendable (DuePicture.ID, Date) async throws(CaseStoreError) -> Void,
            abandon: @escaping @Sendable (DuePicture.ID) async throws(CaseStoreError) -> Void,
            now: @escaping @Sendable () -> Date = { Date() },
            chance: @escaping @Sendable () -> Double = { .random(in: 0...1) },
            pause: @escaping @Sendable () async -> Void
        ) {
            self.due = due
            self.fetch = fetch
            self.ask = ask
            self.put = put
            self.keep = keep
            self.postpone = postpone
            self.abandon = abandon
            self.now = now
            self.chance = chance
            self.pause = pause
        }
    }

    /// Why a picture that was fetched has no file.
    package enum PutError: Error, Equatable {
        /// It is no picture that we show; that never changes.
        case refused(PictureError)
        /// We cannot store it now.
        case unavailable
    }

    /// How many pictures are fetched at a time.
    package static let breadth = 4
    /// For how long a claimed picture is ours: longer than a fetch can take.
    package static let lease = Duration.seconds(120)

    private let surroundings: Surroundings
    private let schedule: RetrySchedule
    private let logger: Logger

    package init(
        _ surroundings: Surroundings, schedule: RetrySchedule = .standard, logger: Logger
    ) {
        self.surroundings = surroundings
        self.schedule = schedule
        self.logger = logger
    }

    /// Fetches what is due until it is cancelled.
    package func run() async {
        let loop = WorkLoop(
            breadth: Self.breadth, complaint: "pictures wait for the database", logger: logger,
            pause: surroundings.pause,
            claim: { limit async throws(CaseStoreError) in
                try await surroundings.due(limit, surroundings.now())
            },
            work: { await take($0) })
        await loop.run()
    }

    /// Takes one picture as far as it goes; what the database does not note comes again.
    private func take(_ picture: DuePicture) async {
        do throws(CaseStoreError) {
            switch await stored(picture) {
            case .success(let stored):
                try await surroundings.keep(picture.id, stored, surroundings.now())
            case .failure(let failure): try await note(failure, of: picture)
            }
        } catch {
            logger.warning(
                "a picture's outcome was not noted",
                metadata: ["picture": "\(picture.id.rawValue)", "reason": .string("\(error)")])
        }
    }

    private func stored(_ picture: DuePicture) async -> Result<StoredPicture, Failure> {
        switch await bytes(of: picture) {
        case .failure(let failure): return .failure(failure)
        case .success(let bytes):
            do throws(PutError) {
                return .success(try await surroundings.put(bytes))
            } catch {
                return .failure(.put(error))
            }
        }
    }

    private func bytes(of picture: DuePicture) async -> Result<[UInt8], Failure> {
        guard let held = PeerPicture(source: picture.source) else {
            do throws(OutboundError) {
                return .success(try await surroundings.fetch(picture.source))
            } catch {
                return .failure(.fetch(error))
            }
        }
        do throws(PeerError) {
            // Nobody but the peer itself can name what lies there.
            guard let told = picture.client, told == held.peer.reader else {
                throw PeerError(.refused, "somebody else named it")
            }
            return .success(try await surroundings.ask(held))
        } catch {
            return .failure(.ask(error))
        }
    }

    private func note(
        _ failure: Failure, of picture: DuePicture
    ) async throws(CaseStoreError) {
        // We are stopping, and that is nobody's fault: the lease makes the picture due again.
        guard !Task.isCancelled else { return }
        let now = surroundings.now()
        let facts: Logger.Metadata = [
            "picture": "\(picture.id.rawValue)", "attempt": "\(picture.attempts)",
            "reason": .string("\(failure)"),
        ]
        switch failure.next(
            by: schedule, afterAttempts: picture.attempts, chance: surroundings.chance(), now: now)
        {
        case .again(let pause):
            logger.debug("a picture is asked for again later", metadata: facts)
            try await surroundings.postpone(
                picture.id, now.addingTimeInterval(pause / .seconds(1)))
        case .never:
            logger.warning("a picture was given up", metadata: facts)
            try await surroundings.abandon(picture.id)
        }
    }
}

extension MediaFetcher {
    /// Why a picture is not there, and what follows from that.
    enum Failure: Error, Equatable {
        case fetch(OutboundError)
        case ask(PeerError)
        case put(PutError)

        enum Next: Equatable {
            case again(after: Duration)
            case never
        }

        /// When to try again after so many attempts, this one included.
        func next(
            by schedule: RetrySchedule, afterAttempts attempts: Int, chance: Double, now: Date
        ) -> Next {
            let asked: Duration?
            switch self {
            case .fetch(.refused), .fetch(.tooLarge), .fetch(.encoded), .put(.refused),
                .fetch(.status(410, _)):
                return .never
            case .ask(let error) where error.kind == .refused: return .never
            case .put(.unavailable):
                // No fault of the picture's: it must not be lost for a full disk of ours.
                return .again(after: schedule.endlessPause(afterAttempts: attempts, chance: chance))
            case .fetch(.status(_, let wait)): asked = wait?.delay(from: now)
            case .ask(let error):
                asked = if case .later(let wait) = error.kind { wait } else { nil }
            case .fetch(.unreachable), .fetch(.timedOut), .fetch(.ambiguous): asked = nil
            }
            return schedule.pause(afterAttempts: attempts, chance: chance, asked: asked)
                .map { .again(after: $0) } ?? .never
        }
    }
}
