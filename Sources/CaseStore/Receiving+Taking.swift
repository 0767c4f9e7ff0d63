import Federation
import FoundationEssentials
import Postgres
import Reports

extension Receiving {
    /// Makes a report of ours of it: report, event, origin, ticket, inbox and deliveries together.
    func add(
        _ taking: Arrival.Taking, in transaction: Transaction
    ) async throws(PostgresError) {
        guard case .report(let told) = item.incoming,
            let jurisdiction = catalogue.jurisdiction(taking.jurisdiction),
            let service = jurisdiction.service(taking.service)
        else { return }
        let visibility = told.visibility == .private ? .private : service.visibility
        let (shown, original) = Disclosure(jurisdiction, service).shown(
            of: Original(
                title: told.title, description: told.description, address: told.place?.address,
                addressID: told.place?.addressID, coordinate: told.place?.coordinate,
                answers: taking.answers))
        let report = Report(
            id: settings.mint(jurisdiction.slug, visibility), jurisdiction: jurisdiction.id,
            service: service.code, status: taking.detail.status, detail: taking.detail,
            statusNotes: told.statusNotes, title: shown.title, description: shown.description,
            agency: told.agency, requested: taking.requested.wholeSeconds,
            updated: taking.updated.wholeSeconds, expected: told.expected,
            address: shown.address, addressID: shown.addressID,
            zipcode: told.zipcode, coordinate: shown.coordinate,
            answers: shown.answers ?? [], channel: "peer", visibility: visibility,
            published: now.wholeSeconds)
        _ = try await transaction.query(storing(report, original, as: told))
        try await note(.taken(taking), held: nil, report: report.id, in: transaction)
    }

    /// Who gave it to us handles it, unless our rules hand it on.
    private func storing(
        _ report: Report, _ original: Original, as told: IncomingReport
    ) -> SQL {
        var source = SystemRandomNumberGenerator()
        let event = Event.ID(at: now, using: &source).uuid
        let way = provenance
        let subject = Rule.Subject(
            jurisdiction: report.jurisdiction, service: report.service,
            coordinate: original.coordinate ?? report.coordinate,
            answers: original.answers(beside: report.answers) ?? report.answers,
            requested: report.requested,
            visibility: report.visibility)
        let destinations = settings.peering.destinations(of: subject, by: way)
        let pictures = MediaRows(
            pictures: [], addresses: sources(of: told.media), by: client, now: now)
        let deliveries = DeliveryRows.report(
            "added.id", to: destinations.all, event: event, created: now, due: now, from: "added")
        let path = way.path.map(\.rawValue) + [settings.peering.node.rawValue]
        return """
            WITH added AS (\(inserting(report, handler: destinations.handler, event: event))
            ), told AS (
                INSERT INTO event (id, report, kind, actor, recorded, path, content)
                SELECT \(event), id, 'created', 'peer', \(now), \(path), \(report.content)
                FROM added
            ), began AS (\(OriginRow(provenance: way, kind: .report)
                .insert(report: "\(report.id.rawValue)"))
            )\(OriginalRow.part(original, of: report.id, from: "added", keys: keys))
            \(deliveries)\(pictures.part(report: "added.id", from: "added"))
            INSERT INTO ticket (
                peer, report, remote_id, direction, recorded, seen_status, seen_content, seen)
            SELECT \(peer.name.rawValue), id, \(told.id), 'in', \(now), \(told.status),
                \(item.content), \(now)
            FROM added
            """
    }

    /// It stands where it stood when its peer changed it last: older words do not undo that.
    private func inserting(_ report: Report, handler: Peer.Name?, event: UUID) -> SQL {
        """
        INSERT INTO report (
            id, jurisdiction, stage, service, status, detail, status_notes, title, description,
            agency, requested, updated, expected, address, address_id, zipcode, latitude, longitude,
            answers, channel, visibility, published, handler, standing_epoch, standing_time,
            standing_told, standing_origin, standing_event)
        VALUES (
            \(report.id.rawValue), \(report.jurisdiction.rawValue), \(report.stage.rawValue),
            \(report.service.rawValue), \(report.status.rawValue), \(report.detail?.rawValue),
            \(report.statusNotes), \(report.title), \(report.description), \(report.agency),
            \(report.requested), \(report.updated), \(report.expected), \(report.address),
            \(report.addressID), \(report.zipcode), \(report.coordinate?.latitude),
            \(report.coordinate?.longitude), \(JSONText.of(report.answers))::jsonb,
            \(report.channel), \(report.visibility.rawValue), \(report.published),
            \((handler ?? peer.name).rawValue), 0::integer, \(report.updated),
            \(report.updated), '', \(event))
        RETURNING id
        """
    }
}
