import Federation
import FoundationEssentials
import Reports

/// A thing that waits in quarantine, as JSON: our own shape, read by nobody else.
struct InboxPayload: Codable {
    private var id: String
    private var report: String?
    private var status: String?
    private var statusNotes: String?
    private var service: String?
    private var serviceName: String?
    private var title: String?
    private var description: String?
    private var latitude: Double?
    private var longitude: Double?
    private var address: String?
    private var addressID: String?
    private var zipcode: String?
    private var answers: [[String]]?
    private var media: [String]
    /// The names and bytes of pictures in our files.
    private var pictures: [String: Int]?
    private var agency: String?
    private var expected: Date?
    private var requested: Date?
    private var updated: Date?
    private var told: Date?
    private var externalStatus: String?
    private var customerReference: String?
    private var origin: String?
    private var originID: String?
    private var path: [String]?
    private var visibility: String?

    init(_ incoming: Incoming) {
        switch incoming {
        case .report(let report): self.init(report)
        case .update(let update): self.init(update)
        }
    }

    private init(_ report: IncomingReport) {
        id = report.id
        status = report.status
        statusNotes = report.statusNotes
        service = report.service
        serviceName = report.serviceName
        title = report.title
        description = report.description
        latitude = report.place?.coordinate?.latitude
        longitude = report.place?.coordinate?.longitude
        address = report.place?.address
        addressID = report.place?.addressID
        zipcode = report.zipcode
        answers = report.answers.map { [$0.code] + $0.values }
        media = report.media
        agency = report.agency
        expected = report.expected
        requested = report.requested
        updated = report.updated
        visibility = report.visibility.rawValue
        keep(report.provenance)
    }

    private init(_ update: IncomingUpdate) {
        id = update.id
        report = update.report
        status = update.status
        description = update.description
        media = update.media
        pictures = Dictionary(
            update.pictures.map { ($0.name.rawValue, $0.bytes) }, uniquingKeysWith: { $1 })
        told = update.told
        externalStatus = update.externalStatus
        customerReference = update.customerReference
        keep(update.provenance)
    }

    private mutating func keep(_ provenance: Provenance?) {
        origin = provenance?.origin.rawValue
        originID = provenance?.originID
        path = provenance?.path.map(\.rawValue)
    }
}

extension InboxPayload {
    /// What the peer told; `nil` if this is no such thing.
    var incoming: Incoming? {
        if let report, let told {
            return .update(
                IncomingUpdate(
                    id: id, report: report, status: status, description: description,
                    media: media, pictures: storedPictures, told: told,
                    externalStatus: externalStatus,
                    customerReference: customerReference, provenance: provenance))
        }
        guard let status, let requested, let updated else { return nil }
        return .report(
            IncomingReport(
                id: id, status: status, statusNotes: statusNotes, service: service,
                serviceName: serviceName, title: title, description: description, place: place,
                zipcode: zipcode, answers: peerAnswers, media: media, agency: agency,
                expected: expected, requested: requested, updated: updated,
                provenance: provenance,
                visibility: visibility.flatMap(Visibility.init(rawValue:)) ?? .private))
    }

    private var place: Place? {
        var point: Coordinate?
        if let latitude, let longitude {
            point = Coordinate(latitude: latitude, longitude: longitude)
        }
        return Place(coordinate: point, address: address, addressID: addressID)
    }

    private var storedPictures: [StoredPicture] {
        (pictures ?? [:]).sorted { $0.key < $1.key }.compactMap { name, bytes in
            StoredPicture.Name(rawValue: name).map { StoredPicture(name: $0, bytes: bytes) }
        }
    }

    private var peerAnswers: [PeerAnswer] {
        (answers ?? []).compactMap { texts in
            texts.first.map { PeerAnswer(code: $0, values: Array(texts.dropFirst())) }
        }
    }

    private var provenance: Provenance? {
        guard let origin = origin.flatMap(Authority.init(rawValue:)), let originID else {
            return nil
        }
        return Provenance(
            origin: origin, originID: originID,
            path: (path ?? []).compactMap(Authority.init(rawValue:)))
    }

    /// The key of a row of the inbox, as what is sealed in it is bound to it.
    static func row(peer: Peer.Name, _ kind: String, _ remoteID: String) -> String {
        "\(peer)/\(kind)/\(remoteID)"
    }

    /// The JSON text.
    var text: String {
        // Numbers of places and times are finite, so there is nothing that it could not write.
        (try? JSONEncoder().encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "null"
    }

    init?(text: String) {
        guard let payload = try? JSONDecoder().decode(Self.self, from: Data(text.utf8)) else {
            return nil
        }
        self = payload
    }
}
