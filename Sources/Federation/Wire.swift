import FoundationEssentials

/// The way to one peer: guarded, bounded in time and size, without redirects to others.
///
/// Most peers speak HTTP. A way to one that does not is a wire as well, with calls and replies of the
/// same shape; the page of the way says which methods, addresses and statuses it knows.
package struct Wire: Sendable {
    /// Our time.
    package let now: @Sendable () -> Date
    private let exchange: Exchange
    private let pictures: Pictures

    package typealias Exchange = @Sendable (Call) async throws(PeerError) -> Reply
    package typealias Pictures =
        @Sendable (_ address: String) async throws(PeerError) -> OutgoingPicture?

    /// A way over which calls are exchanged for replies; `pictures` has the bytes of ours.
    package init(
        now: @escaping @Sendable () -> Date, pictures: @escaping Pictures = { _ in nil },
        exchange: @escaping Exchange
    ) {
        self.now = now
        self.pictures = pictures
        self.exchange = exchange
    }

    /// The same way with something done to each exchange.
    package func exchanging(
        _ exchange: @escaping @Sendable (Call, Wire) async throws(PeerError) -> Reply
    ) -> Wire {
        Wire(now: now, pictures: pictures) { call async throws(PeerError) in
            try await exchange(call, self)
        }
    }

    /// The same way with our pictures at hand.
    package func showing(_ pictures: @escaping Pictures) -> Wire {
        Wire(now: now, pictures: pictures, exchange: exchange)
    }

    /// The picture under one of the addresses that a message names; `nil` if it is none of ours, or
    /// is not there any more: then its address is all there is to tell.
    ///
    /// Throws `later` while the pictures cannot be read.
    package func picture(at address: String) async throws(PeerError) -> OutgoingPicture? {
        try await pictures(address)
    }

    /// Sends a call and answers with the reply, whatever its status.
    ///
    /// Throws `later` if nothing went out or if the call changes nothing at the peer, `ambiguous`
    /// if something of it may have arrived.
    package func send(_ call: Call) async throws(PeerError) -> Reply {
        try await exchange(call)
    }

    /// A request to the peer.
    package struct Call: Sendable, Equatable {
        package var method: String
        /// An absolute address.
        package var address: String
        package var headers: [Header]
        package var body: [UInt8]
        /// What is longer is cut off and thrown as `later` (GET) or `ambiguous`.
        package var most: Int
        /// How long the whole exchange may take.
        package var patience: Duration

        package init(
            _ method: String, _ address: String, headers: [Header] = [], body: [UInt8] = [],
            most: Int = 8 << 20, patience: Duration = .seconds(20)
        ) {
            self.method = method
            self.address = address
            self.headers = headers
            self.body = body
            self.most = most
            self.patience = patience
        }
    }

    package struct Header: Sendable, Equatable {
        package var name: String
        package var value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// What the peer answered.
    package struct Reply: Sendable, Equatable {
        package var status: Int
        package var headers: [Header]
        package var body: [UInt8]

        package init(status: Int, headers: [Header] = [], body: [UInt8] = []) {
            self.status = status
            self.headers = headers
            self.body = body
        }

        /// The first value of a header; names are alike whatever their case.
        package func header(_ name: String) -> String? {
            headers.first { $0.name.lowercased() == name.lowercased() }?.value
        }

        /// How long the peer asks to be left alone (`Retry-After`); the wire has made seconds of a
        /// date already.
        package var retryAfter: Duration? {
            header("Retry-After").flatMap { UInt32($0) }.map { .seconds($0) }
        }
    }
}
