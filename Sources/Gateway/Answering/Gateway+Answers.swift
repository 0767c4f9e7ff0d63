import CaseStore
import Federation
import FoundationEssentials
import GeoReport
import Reports

/// The page on which an official answers without an account: what a link in a mail leads to.
///
/// A GET changes nothing, as mail servers follow links. What the form sends is taken as if the peer
/// had told it, by the peer's mapping; sent twice it is taken once.
extension Gateway {
    /// The page, or what became of the form.
    func page(of text: String, _ request: EdgeRequest) async -> EdgeResponse {
        let languages = request.fields.acceptLanguage
        do throws(AnswerFailure) {
            let subject = try await subject(of: text)
            let town = publication.catalogue.jurisdiction(subject.report.jurisdiction)
            let language = AnswerTexts.language(languages, town)
            let service = language.text(of: town?.service(subject.report.service)?.name)
            if request.method == .post {
                do throws(Fault) {
                    try await take(request, about: subject)
                } catch {
                    return answered(
                        AnswerPage(
                            subject.report, of: service, language, problems: error.problems),
                        status: error.pageStatus)
                }
                return answered(AnswerPage(thanksIn: language), status: 200)
            }
            return answered(
                AnswerPage(subject.report, of: service, language, problems: []), status: 200)
        } catch {
            let language = AnswerTexts.language(languages, nil)
            return answered(AnswerPage(failure: error, in: language), status: error.status)
        }
    }

    private struct Subject {
        let answerer: Answering.Answerer
        let report: GivenReport
    }

    private func subject(of text: String) async throws(AnswerFailure) -> Subject {
        guard let answerer = settings.answering?.answerer(of: text) else { throw .wrong }
        let token: AnswerToken
        do throws(AnswerToken.Flaw) {
            token = try AnswerToken.read(text, by: [answerer.key], now: now())
        } catch {
            throw error == .expired ? .expired : .wrong
        }
        let report: GivenReport?
        do throws(CaseStoreError) {
            report = try await store.given(token.report, to: token.peer)
        } catch {
            throw .unavailable
        }
        guard let report else { throw .wrong }
        return Subject(answerer: answerer, report: report)
    }

    private func take(
        _ request: EdgeRequest, about subject: Subject
    ) async throws(Fault) {
        let parameters = try Parameters(
            query: nil,
            body: try Parameters.body(
                contentType: request.fields.contentType, bytes: request.body))
        let form = try AnswerForm(parameters)
        let (peer, time) = (subject.answerer.peer, now())
        guard let client = peer.name.reader else { throw Self.unknownPath }
        let pictures = try await take(form.pictures, from: client, now: time)
        let update = IncomingUpdate(
            id: "page-\(form.number)", report: subject.report.ticket,
            status: form.detail.map { $0.rawValue.lowercased() }, description: form.text,
            pictures: pictures, told: time)
        let catalogue = publication.catalogue
        _ = try await asking { () async throws(CaseStoreError) in
            try await store.receive([.update(update)], from: peer, in: catalogue, now: time)
        }
    }

    private func answered(_ page: AnswerPage, status: Int) -> EdgeResponse {
        let digest = Data(digest(Array(AnswerPage.style.utf8))).base64EncodedString()
        let policy =
            "default-src 'none'; style-src 'sha256-\(digest)'; img-src 'self'; form-action 'self'; "
            + "frame-ancestors 'none'; base-uri 'none'"
        return EdgeResponse(
            status: status,
            headers: [
                ("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store"),
                ("Content-Security-Policy", policy), ("Referrer-Policy", "no-referrer"),
                ("X-Robots-Tag", "noindex"), ("Content-Language", page.language),
            ], body: .bytes(Array(page.html.utf8)))
    }
}

/// Why a link leads to no form.
enum AnswerFailure: Error, Equatable {
    /// It is none of ours, or the peer has no such report.
    case wrong
    case expired
    case unavailable

    var status: Int {
        switch self {
        case .wrong: 404
        case .expired: 410
        case .unavailable: 503
        }
    }
}

extension Fault {
    /// The status of a page that says so.
    fileprivate var pageStatus: Int {
        switch kind {
        case .malformed: 400
        case .unsupportedMediaType: 415
        case .tooLarge: 413
        case .unavailable: 503
        default: 500
        }
    }
}
