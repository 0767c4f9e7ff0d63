import Reports

extension Calls {
    /// A report as a client tells it, valid for its service, or all its faults (GR-6, GR-15.2).
    ///
    /// Whether the client may report here is not asked: that is about its key, not about what it
    /// says. `digest` is SHA-256. The draft is without pictures: whoever keeps those that came along
    /// and fetches the others adds them to it.
    package static func create(
        _ parameters: Parameters, in jurisdiction: Jurisdiction, stage: Stage,
        idempotencyKey: String? = nil, clientAddress: String, acceptLanguage: String? = nil,
        dialects: Set<Client.Profile.Dialect> = [], digest: ([UInt8]) -> [UInt8]
    ) throws(Fault) -> Creation {
        var problems = Problems()
        let service = try service(of: parameters, in: jurisdiction, &problems)
        var submission = Submission(parameters, in: jurisdiction, &problems)
        if let service { submission.readAnswers(to: service, &problems) }
        let pictures = SentPictures(parameters, dialects: dialects, &problems)
        let source = source(
            parameters, answers: submission.given, idempotencyKey: idempotencyKey, &problems)
        try problems.check()
        guard let service, let place = submission.place else {
            throw Fault(.malformed, "location was not provided")
        }
        let languages = languages(parameters, acceptLanguage: acceptLanguage)
        return Creation(
            draft: submission.draft(
                for: service, at: place, labels: Labels(of: jurisdiction, in: []), stage: stage,
                jurisdiction),
            idempotency: Idempotency(
                source: source
                    ?? .content(address: clientAddress, window: jurisdiction.repeatWindow),
                fingerprint: digest(
                    canonical(parameters, in: jurisdiction, stage: stage, digest: digest))),
            notice: Labels(of: jurisdiction, in: languages).text(service.notice),
            pictures: pictures.uploaded, addresses: pictures.addresses)
    }

    /// The service of a POST: unknown ends the reading, missing is one problem of several.
    private static func service(
        of parameters: Parameters, in jurisdiction: Jurisdiction, _ problems: inout Problems
    ) throws(Fault) -> Service? {
        let before = problems.count
        let code = problems.collect { () throws(Fault) in try parameters.value("service_code") }
        if let code { return try service(code, in: jurisdiction) }
        if problems.count == before { problems.add("service_code was not provided (required)") }
        return nil
    }
}
