import CaseStore
import Federation
import FoundationEssentials
import GeoReport
import Logging
import Reports

/// The answers of the GeoReport API: from one whole request to one response, with or without a
/// socket.
///
/// A class because it is handed on with each request, and its dozen fields were copied each time;
/// none of them changes.
package final class Gateway: Sendable {
    let settings: Settings
    let publication: Publication
    let store: CaseStore
    let keys: KeyRing
    /// `nil`: this server takes no pictures, and shows none.
    let pictures: Pictures?
    /// Wakes those who wait for changes; `nil`: nobody waits here.
    let signal: ChangeSignal?
    let metrics: Metrics
    let requestIDs: RequestIDs
    /// Lists of reports that are being made.
    let lists = SharedAnswers<Question>()
    let logger: Logger
    let now: @Sendable () -> Date
    let digest: @Sendable ([UInt8]) -> [UInt8]

    /// What an operator decides about the API.
    package struct Settings: Sendable {
        /// The address under which clients reach us, without a slash at its end; with `https`, a
        /// POST that a proxy took over http (`X-Forwarded-Proto`) is refused.
        package var publicURL: String
        /// For people: how to reach whoever runs this server (discovery's `contact`).
        package var contact: String
        /// For people: how to get a key (discovery's `key_service`).
        package var keyService: String
        /// The directory of pictures that no report brought, such as the sample's; `nil` if there
        /// are none.
        package var media: String?
        package var limits = Edge.Limits()
        /// The proxies in front of us.
        package var proxies = TrustedProxies()
        package var caps = Caps()
        /// What callers have of their rations; `nil`: nothing is rationed.
        package var rationing: Rationing?
        /// Requests answered at the same time, above which the case store is not asked (2.2).
        package var mostInFlight = 256
        /// How long a call waits for the database altogether before it is answered 503.
        package var patience: Duration? = .seconds(2)
        package var errorCodes = ErrorCodes.plain
        package var requestLog = RequestLog.written
        package var callbacks = Calls.Callbacks.off
        /// Clients that may wait for a change at the same time; others are answered at once.
        package var mostWaiting = 1000
        /// The keys by which peers call us; `nil`: there are no peers.
        package var peers: PeerCalls?
        /// The peers whose people answer on a page; `nil`: there are none.
        package var answering: Answering?
        /// Why a webhook may not be told at an address, or `nil`; without a way out there is none.
        package var objection: @Sendable (_ address: String) -> String? = { _ in
            "this server calls nobody"
        }

        package init(publicURL: String, contact: String, keyService: String) {
            self.publicURL = publicURL.last == "/" ? String(publicURL.dropLast()) : publicURL
            self.contact = contact
            self.keyService = keyService
        }

        /// The status of our own failures (GR-A71, `strict_error_codes`).
        package enum ErrorCodes: Sendable {
            /// 500 and 503, which proxies and monitors understand.
            case plain
            /// 400, as GeoReport has it.
            case strict
        }

        /// Whether each request leaves a line in the log.
        package enum RequestLog: Sendable { case written, none }
    }

    package init(
        settings: Settings, publication: Publication, store: CaseStore, keys: KeyRing,
        pictures: Pictures? = nil, signal: ChangeSignal? = nil, metrics: Metrics = Metrics(),
        logger: Logger,
        now: @escaping @Sendable () -> Date = { Date() },
        digest: @escaping @Sendable ([UInt8]) -> [UInt8]
    ) {
        self.settings = settings
        self.publication = publication
        self.store = store
        self.keys = keys
        self.pictures = pictures
        self.signal = signal
        self.metrics = metrics
        self.requestIDs = RequestIDs()
        self.logger = logger
        self.now = now
        self.digest = digest
    }

    /// Answers one request; it never fails, and never takes long without an answer.
    package func respond(_ request: EdgeRequest) async -> EdgeResponse {
        let start = ContinuousClock.now
        let id = requestIDs.id(of: request)
        metrics.inFlight.add(1)
        var (name, response) = await CaseStore.patiently(settings.patience) {
            await answer(request, id: id)
        }
        metrics.inFlight.add(-1)
        seal(&response, id: id)
        response.omitsBody = request.method == .head
        note(
            name, response, id: id, took: start.duration(to: .now), from: request.address,
            trace: request.fields.traceparent)
        return response
    }

    /// The answer to what the edge refuses.
    package func refuse(_ refusal: Refusal) -> EdgeResponse {
        let id = requestIDs.next()
        var response = failure(refusal.fault, as: refusal.format)
        seal(&response, id: id)
        note(.refused, response, id: id, took: .zero, from: "")
        return response
    }

    /// The gateway as what stands behind a listener.
    package var site: Site {
        Site(
            limits: settings.limits, proxies: settings.proxies, caps: settings.caps,
            respond: respond, refuse: refuse, turnedAway: { [metrics] in metrics.turnedAway.add(1) }
        )
    }

    private func answer(
        _ request: EdgeRequest, id: String
    ) async -> (Metrics.Name, EdgeResponse) {
        if request.path == "*" { return (.options, options(["GET", "HEAD", "POST", "OPTIONS"])) }
        let route: Route
        do {
            route = try Route(parsing: request.path)
        } catch {
            let format = error.format ?? Accept.choose(request.fields.accept, from: [.xml, .json])
            return (.unknown, failure(Self.unknownPath, as: format ?? .xml))
        }
        let name = Metrics.Name(route, request.method)
        let format = format(of: route, request)
        do {
            return (name, try await answer(request, to: route))
        } catch {
            if case .failed = error.kind {
                logger.error("a request failed", metadata: ["request": .string(id)])
            }
            return (name, failure(error, as: format ?? .xml))
        }
    }

    static let unknownPath = Fault(.notFound, "Nothing is found under this address.")

    private func format(of route: Route, _ request: EdgeRequest) -> Format? {
        if let format = route.format { return format }
        // Where there is but one, nobody needs to ask for it.
        if route.resource.formats.count == 1 { return route.resource.formats.first }
        let formats = route.resource.formats
        let offered = request.method == .post ? formats.filter { $0 != .geojson } : formats
        return Accept.choose(request.fields.accept, from: offered)
    }

    private func answer(
        _ request: EdgeRequest, to route: Route
    ) async throws(Fault) -> EdgeResponse {
        let methods =
            route.format == .geojson ? Route.readers : route.resource.methods
        switch request.method {
        case .options: return options(methods)
        case .get, .head: break
        case .post where methods.contains("POST"): break
        case .delete where methods.contains("DELETE"): break
        case .post, .delete, .other:
            throw Fault(
                .methodNotAllowed(methods), "The method is not answered under this address.")
        }
        if case .media(let name) = route.resource {
            return try await picture(name, request)
        }
        if case .answer(let token) = route.resource { return await page(of: token, request) }
        guard let format = format(of: route, request) else {
            throw Fault(.notAcceptable, "Accept names neither text/xml nor application/json.")
        }
        let call = try Call(request, route, format, publication.now)
        var response: EdgeResponse
        do throws(Fault) {
            response =
                switch request.method {
                case .post: try await write(call)
                case .delete: try await delete(call)
                default: try await read(call)
                }
        } catch {
            let fields = call.remainders.withLock { $0.fields }
            if fields.isEmpty || error.kind == .failed { throw error }
            response = failure(error, as: format)
        }
        response.headers += warnings(call)
        if settings.rationing != nil {
            response.headers += call.remainders.withLock { $0.fields }
        }
        return response
    }

    private func delete(_ call: Call) async throws(Fault) -> EdgeResponse {
        guard case .webhook(let id) = call.route.resource else { throw Self.unknownPath }
        return try await unsubscribe(id, call)
    }

    private func write(_ call: Call) async throws(Fault) -> EdgeResponse {
        switch call.route.resource {
        case .requests: try await refusals { () async throws(Fault) in try await create(call) }
        case .updates: try await refusals { () async throws(Fault) in try await update(call) }
        case .support(let id): try await support(id, call)
        case .erasure(let id): try await erase(id, call)
        case .webhooks: try await subscribe(call)
        default: throw Self.unknownPath
        }
    }

    /// Counts what is refused.
    private func refusals(
        _ work: () async throws(Fault) -> EdgeResponse
    ) async throws(Fault) -> EdgeResponse {
        do {
            return try await work()
        } catch {
            metrics.refused.add(1)
            throw error
        }
    }

    private func read(_ call: Call) async throws(Fault) -> EdgeResponse {
        try await meet(call)
        if call.route.resource.isList { try await charge(call, reader(call), .lists) }
        var response =
            switch call.route.resource {
            case .discovery: try discovery(call)
            case .services: try services(call)
            case .service(let code): try definition(code, call)
            case .requests: try await search(call)
            case .request(let id): try await report(id, call)
            case .token(let token): try await receipt(token, call)
            case .updates: try await updates(call)
            case .candidates: try await candidates(call)
            case .notes(let id): try await internalNotes(id, call)
            case .changes: try await changes(call)
            case .audit: try await audit(call)
            case .webhooks: try await webhooks(call)
            case .webhook(let id): try await webhook(id, call)
            case .support, .erasure, .media, .answer: throw Self.unknownPath
            }
        if call.hasKeyInQuery {
            response.headers.append(
                ("Warning", "299 - \"A key in an address ends up in logs: send X-API-Key\""))
        }
        return response
    }

    private func options(_ methods: [String]) -> EdgeResponse {
        EdgeResponse(
            status: 204,
            headers: [
                ("Allow", methods.joined(separator: ", ")),
                ("Access-Control-Allow-Methods", methods.joined(separator: ", ")),
                (
                    "Access-Control-Allow-Headers",
                    "Accept, Authorization, Content-Type, Idempotency-Key, X-API-Key, X-Request-Id"
                ),
                ("Access-Control-Max-Age", "86400"),
            ])
    }

    /// What pages of another origin may read beside the body.
    private static let exposed =
        "ETag, Idempotent-Replayed, Link, RateLimit, RateLimit-Policy, Retry-After, Sunset, "
        + "X-Request-Id, X-Total-Count"

    /// What every answer carries.
    private func seal(_ response: inout EdgeResponse, id: String) {
        response.headers.append(contentsOf: [
            ("X-Request-Id", id), ("X-Content-Type-Options", "nosniff"),
            ("Access-Control-Allow-Origin", "*"), ("Access-Control-Expose-Headers", Self.exposed),
        ])
    }

    private func note(
        _ name: Metrics.Name, _ response: EdgeResponse, id: String, took: Duration,
        from address: String, trace: String? = nil
    ) {
        metrics.count(name, status: response.status, took: took)
        guard settings.requestLog == .written else { return }
        var metadata: Logger.Metadata = [
            "route": .string(name.rawValue), "status": .stringConvertible(response.status),
            "microseconds": .stringConvertible(took.microseconds),
            "bytes": .stringConvertible(response.omitsBody ? 0 : response.length ?? 0),
            "request": .string(id), "trace": .string(Self.trace(trace).id),
        ]
        if let report = response.report { metadata["report"] = .string(report) }
        // Only of whom there was too much, and never the whole address (P9).
        if response.status == 429 { metadata["from"] = .string(Self.blurred(address)) }
        logger.info("request", metadata: metadata)
    }
}

extension Gateway {
    /// The trace that a caller named, or a new one (O3).
    private static func trace(_ header: String?) -> Trace {
        var source = SystemRandomNumberGenerator()
        return header.flatMap(Trace.init(parsing:)) ?? Trace(using: &source)
    }
}

extension Duration {
    /// Whole microseconds.
    var microseconds: Int {
        let (seconds, attoseconds) = components
        return Int(clamping: seconds) * 1_000_000 + Int(clamping: attoseconds / 1_000_000_000_000)
    }

    /// Whole seconds, at least one: the value of `Retry-After`.
    var retrySeconds: Int { max(1, Int(clamping: components.seconds)) }
}
