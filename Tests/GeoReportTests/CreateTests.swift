import Foundation
import GeoReport
import Reports
import Testing

@Suite struct `A POST of a report` {
    /// All that a pothole needs.
    static let complete = "service_code=POTHOLE&lat=42.6977&long=23.3219&attribute[DEPTH]=GT5"

    static func create(
        _ body: String, in jurisdiction: Jurisdiction = Sample.sofia(), key: String? = nil
    ) throws -> Creation {
        try Calls.create(
            Parameters(query: nil, body: .form(Array(body.utf8))), in: jurisdiction,
            stage: .production, idempotencyKey: key, clientAddress: "192.0.2.1",
            digest: { $0 })
    }

    static func fault(
        _ body: String, in jurisdiction: Jurisdiction = Sample.sofia(), key: String? = nil
    ) -> Fault? {
        do {
            _ = try create(body, in: jurisdiction, key: key)
            return nil
        } catch {
            return error as? Fault
        }
    }

    @Test func `the one of GR-12 is read as it was meant`() throws {
        let body =
            "api_key=test-key-1&jurisdiction_id=sofia.example&service_code=POTHOLE"
            + "&lat=42.6977&long=23.3219&address_string=%D0%B1%D1%83%D0%BB.+%D0%92%D0%B8%D1%82%D0%BE"
            + "%D1%88%D0%B0+15%2C+%D0%A1%D0%BE%D1%84%D0%B8%D1%8F&email=m.petrova%40example.org"
            + "&first_name=%D0%9C%D0%B0%D1%80%D0%B8%D1%8F&last_name=-"
            + "&description=%D0%94%D1%83%D0%BF%D0%BA%D0%B0%0D%0A%D0%B2%D1%82%D0%BE%D1%80%D0%B8"
            + "&attribute[DEPTH]=GT5&attribute[HAZARDS][]=CARS&attribute[HAZARDS][]=BIKES"
            + "&media_url=https%3A%2F%2Fimg.example.org%2F417.jpg&deviceid=iOS&phone=+359+2+000+00"
            + "&attribute[easting]=7&status=closed&title=T"
        let creation = try Self.create(body)
        let draft = creation.draft
        #expect(draft.place.coordinate == Sample.point(42.6977, 23.3219))
        #expect(draft.place.address == "бул. Витоша 15, София")
        #expect(draft.description == "Дупка\nвтори")
        #expect(draft.title == "T")
        #expect(draft.answers == Sample.closed.answers)
        #expect(draft.media.isEmpty)
        #expect(creation.addresses == ["https://img.example.org/417.jpg"])
        #expect(
            draft.reporter
                == Reporter(
                    email: "m.petrova@example.org", firstName: "Мария", phone: "359 2 000 00",
                    deviceID: "iOS"))
        #expect(draft.notice == "Ще бъде проверено до 5 работни дни.")
        let unknown = draft.unknown.map { "\($0.name)=\($0.value)" }
        #expect(Set(unknown) == ["attribute[easting]=7", "status=closed"])
    }

    @Test(arguments: [
        "lat=42.6977&long=23.3219", "lat=42.6977&lon=23.3219", "lat=42.6977&lng=23.3219",
        "address_string=a", "address=a", "address_id=1", "adress_id=1",
        "lat=&long=&address_string=%D0%B1", "lat=-0.5&long=180",
    ])
    func `each way to say where is enough`(place: String) throws {
        _ = try Self.create("service_code=POTHOLE&attribute[DEPTH]=GT5&" + place)
    }

    @Test(arguments: [
        ("", "service_code was not provided (required)"),
        ("", "location was not provided: send lat and long, or address_string, or address_id"),
        ("=&=&&", "service_code was not provided (required)"),
        ("service_code=POTHOLE&lat=1&long=1", "attribute[DEPTH] is required: DEPTH required"),
        (
            "service_code=POTHOLE&lat=1&long=1&attribute[DEPTH]=+",
            "attribute[DEPTH] is required: DEPTH required"
        ),
        (complete + "&lat=1", "lat was given more than once"),
        ("service_code=STREETLIGHT&lat=1", "long was not provided (required with lat)"),
        ("service_code=STREETLIGHT&long=1", "lat was not provided (required with long)"),
        (
            "service_code=STREETLIGHT&lat=1&address_string=a",
            "long was not provided (required with lat)"
        ),
        ("service_code=STREETLIGHT&lat=91&long=1", "lat is not between -90 and 90 degrees"),
        ("service_code=STREETLIGHT&lat=1&long=181", "long is not between -180 and 180 degrees"),
        (
            "service_code=STREETLIGHT&lat=0&long=0",
            "lat and long are both 0, which is no place on land"
        ),
        (complete + "&email=a%40b%0D%0ABcc:+c%40d", "email is not one e-mail address"),
        (complete + "&email=a%40b,c%40d", "email is not one e-mail address"),
        (complete + "&email=a", "email is not one e-mail address"),
        (
            complete + "&email=" + String(repeating: "a", count: 290) + "%40b",
            "email is not one e-mail address"
        ),
        (complete + "&phone=call+me", "phone is not a telephone number of 3 to 20 digits"),
        (
            complete + "&phone=" + String(repeating: "1", count: 100),
            "phone is not a telephone number of 3 to 20 digits"
        ),
        (
            complete + "&attribute[HAZARDS]=FOG",
            "attribute[HAZARDS] is not one of the listed values"
        ),
        (
            "service_code=POTHOLE&lat=1&long=1&attribute[DEPTH]=GT5&attribute[DEPTH]=LT5",
            "attribute[DEPTH] takes one value"
        ),
        (
            complete + "&attribute[SEEN_AT]=yesterday",
            "attribute[SEEN_AT] is not a date and time such as 2026-04-14T06:37:38Z"
        ),
        (
            complete + "&client_request_id=%01",
            "client_request_id is not 1 to 255 printable characters"
        ),
        (
            complete + "&attribute[fixmystreet_id]=%D0%B1",
            "attribute[fixmystreet_id] is not 1 to 255 printable characters"
        ),
    ])
    func `a fault names what is wrong`(body: String, problem: String) throws {
        let fault = try #require(Self.fault(body))
        #expect(fault.status == 400)
        #expect(fault.problems.contains(problem), "\(fault.problems)")
    }

    @Test(arguments: ["nan", "inf", "1e400", "0x1p3", "%2B42.1", "42,1", "４２", "abc", "--1", "1."])
    func `words and odd numbers are no coordinate`(lat: String) throws {
        let fault = try #require(
            Self.fault("service_code=STREETLIGHT&long=23.3&lat=" + lat))
        #expect(fault.problems == ["lat is not a decimal number of degrees such as 42.6977"])
    }

    @Test(arguments: [
        "javascript:alert(1)", "ftp://a/b", "//a/b", "a.jpg", "http://", "http://u:p@h/",
        "http://127.0.0.1\\@good.example/", "http://a b/", "http://a/%0d%0ab", "https:///x",
        "http://:80/", "http://h/" + String(repeating: "a", count: 2048),
    ])
    func `an address that could deceive is refused`(address: String) throws {
        let escaped = try #require(
            address.addingPercentEncoding(withAllowedCharacters: .alphanumerics))
        let fault = try #require(Self.fault(Self.complete + "&media_url=" + escaped))
        #expect(
            fault.problems == [
                "media_url is not an absolute http or https address of up to 2048 bytes"
            ])
    }

    @Test func `all addresses are kept in their order`() throws {
        let creation = try Self.create(
            Self.complete + "&media_url=http://a/1,2.jpg&media_url[]=HTTPS://b:8080/?x=1"
                + "&media_url=http://a/1,2.jpg&media_url="
        )
        #expect(creation.addresses == ["http://a/1,2.jpg", "HTTPS://b:8080/?x=1"])
    }

    @Test func `several faults are told at once`() throws {
        let fault = try #require(
            Self.fault("lat=1&email=x&description=" + String(repeating: "a", count: 4001)))
        #expect(fault.problems.count == 4, "\(fault.problems)")
    }

    @Test func `an unknown service is not found, whatever else is wrong`() throws {
        for code in ["NOPE", "%01", String(repeating: "a", count: 200)] {
            let fault = try #require(Self.fault("lat=1&service_code=" + code))
            #expect(fault.status == 404)
            #expect(fault.problems == ["service_code is not known in this jurisdiction"])
        }
    }

    @Test func `a place outside the area is refused with a sentence`() throws {
        let sofia = Sample.sofia(boundary: Sample.area)
        _ = try Self.create(Self.complete, in: sofia)
        let fault = try #require(
            Self.fault("service_code=STREETLIGHT&lat=43.2&long=27.9", in: sofia))
        #expect(fault.problems == ["lat and long are outside the area of София"])
    }

    @Test func `a value's printed name stands for its key`() throws {
        let draft = try Self.create(
            "service_code=POTHOLE&lat=1&long=1&attribute[DEPTH]=над 5 см&attribute[HAZARDS]=WALK"
                + "&attribute[HAZARDS]=пешеходци&attribute[INFO]=x"
        ).draft
        #expect(draft.answers.map(\.values) == [["GT5"], ["WALK"]])
        #expect(draft.unknown.map(\.name) == ["attribute[INFO]"])
    }

    @Test(arguments: ["12", "-0.5", "+3", "1.", "abc", "1e5", "1.2.3", "", "١"])
    func `numbers are digits`(value: String) throws {
        let body =
            "service_code=NOISE&lat=1&long=1&attribute[HOURS]=" + value.replacing("+", with: "%2B")
        let isNumber = Self.fault(body, in: Sample.sofia(services: [Sample.noise])) == nil
        #expect(isNumber == ["12", "-0.5", "+3", ""].contains(value))
    }

    @Test func `a postcode of its own joins the address`() throws {
        let draft = try Self.create(
            "service_code=STREETLIGHT&address_string=a+street&zip_code=1000"
        ).draft
        #expect(draft.place.address == "a street, 1000")
        #expect(draft.zipcode == "1000")
        let again = try Self.create(
            "service_code=STREETLIGHT&address_string=1000+a+street&zipcode=1000"
        ).draft
        #expect(again.place.address == "1000 a street")
    }

    @Test func `the notice of the answer is in the reporter's language`() throws {
        let creation = try Self.create(Self.complete + "&locale=en_GB")
        #expect(creation.notice == "It will be looked at within 5 working days.")
        #expect(creation.draft.notice == "Ще бъде проверено до 5 работни дни.")
    }
}
