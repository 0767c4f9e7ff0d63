import GeoReport
import Reports
import Testing

/// The reports' documents of GR-12, as both formats must print them.
@Suite struct `Receipts, reports and errors` {
    @Test func `a realtime service answers with the id`() throws {
        let xml = #"""
            <?xml version="1.0" encoding="utf-8"?>
            <service_requests>
              <request>
                <service_request_id>SOF-2026-000417</service_request_id>
                <service_notice>Ще бъде проверено до 5 работни дни.</service_notice>
                <account_id/>
              </request>
            </service_requests>
            """#
        let json = #"""
            [
              {
                "service_request_id": "SOF-2026-000417",
                "service_notice": "Ще бъде проверено до 5 работни дни.",
                "account_id": null
              }
            ]
            """#
        try expect(xml: xml, json: json) { format in
            Documents.receipt(
                Issued(
                    id: Sample.report("SOF-2026-000417"),
                    notice: "Ще бъде проверено до 5 работни дни."), as: format)
        }
    }

    @Test func `a batch service answers with a token and no id`() throws {
        let xml = #"""
            <?xml version="1.0" encoding="utf-8"?>
            <service_requests>
              <request>
                <token>tk-7f3a9c</token>
                <service_notice/>
                <account_id/>
              </request>
            </service_requests>
            """#
        let json = #"""
            [
              {
                "token": "tk-7f3a9c",
                "service_notice": null,
                "account_id": null
              }
            ]
            """#
        try expect(xml: xml, json: json) { format in
            Documents.receipt(
                Issued(
                    id: Sample.report("SOF-2026-000418"), token: Sample.token("tk-7f3a9c")),
                as: format)
        }
    }

    @Test func `a token without an id is pending`() throws {
        let xml = #"""
            <service_requests><request><token>tk-7f3a9c</token></request></service_requests>
            """#
        let json = #"""
            [{"token":"tk-7f3a9c"}]
            """#
        try expect(xml: xml, json: json) { format in
            Documents.token(Sample.token("tk-7f3a9c"), resolvedTo: nil, as: format)
        }
    }

    @Test func `a token resolves to an id`() throws {
        let xml = #"""
            <?xml version="1.0" encoding="utf-8"?>
            <service_requests>
              <request>
                <service_request_id>SOF-2026-000418</service_request_id>
                <token>tk-7f3a9c</token>
              </request>
            </service_requests>
            """#
        let json = #"""
            [
              {
                "service_request_id": "SOF-2026-000418",
                "token": "tk-7f3a9c"
              }
            ]
            """#
        try expect(xml: xml, json: json) { format in
            Documents.token(
                Sample.token("tk-7f3a9c"), resolvedTo: Sample.report("SOF-2026-000418"),
                as: format)
        }
    }

    @Test func `reports have all seventeen members`() throws {
        let xml = #"""
            <?xml version="1.0" encoding="utf-8"?>
            <service_requests>
              <request>
                <service_request_id>SOF-2026-000418</service_request_id>
                <status>open</status>
                <status_notes/>
                <service_name>Неработещо улично осветление</service_name>
                <service_code>STREETLIGHT</service_code>
                <description/>
                <agency_responsible/>
                <service_notice/>
                <requested_datetime>2026-04-14T17:05:30Z</requested_datetime>
                <updated_datetime>2026-04-14T17:05:30Z</updated_datetime>
                <expected_datetime/>
                <address>ул. Граф Игнатиев 2, София</address>
                <address_id/>
                <zipcode/>
                <lat/>
                <long/>
                <media_url/>
              </request>
              <request>
                <service_request_id>SOF-2026-000417</service_request_id>
                <status>closed</status>
                <status_notes>Запълнена на 16.04. Благодарим &amp; поздрави &lt;Столична община&gt;</status_notes>
                <service_name>Дупка на пътното платно</service_name>
                <service_code>POTHOLE</service_code>
                <description>Дупка пред № 15
            втори ред</description>
                <agency_responsible>Столична община, Дирекция „Пътища“</agency_responsible>
                <service_notice>Ще бъде проверено до 5 работни дни.</service_notice>
                <requested_datetime>2026-04-14T06:37:38Z</requested_datetime>
                <updated_datetime>2026-04-16T12:00:00Z</updated_datetime>
                <expected_datetime>2026-04-21T21:00:00Z</expected_datetime>
                <address>бул. Витоша 15, София</address>
                <address_id>00715</address_id>
                <zipcode>1000</zipcode>
                <lat>42.6977</lat>
                <long>23.3219</long>
                <media_url>https://gateway.example/media/SOF-2026-000417/1.jpg</media_url>
              </request>
            </service_requests>
            """#
        let json = #"""
            [
              {
                "service_request_id": "SOF-2026-000418",
                "status": "open",
                "status_notes": null,
                "service_name": "Неработещо улично осветление",
                "service_code": "STREETLIGHT",
                "description": null,
                "agency_responsible": null,
                "service_notice": null,
                "requested_datetime": "2026-04-14T17:05:30Z",
                "updated_datetime": "2026-04-14T17:05:30Z",
                "expected_datetime": null,
                "address": "ул. Граф Игнатиев 2, София",
                "address_id": null,
                "zipcode": null,
                "lat": null,
                "long": null,
                "media_url": null
              },
              {
                "service_request_id": "SOF-2026-000417",
                "status": "closed",
                "status_notes": "Запълнена на 16.04. Благодарим & поздрави <Столична община>",
                "service_name": "Дупка на пътното платно",
                "service_code": "POTHOLE",
                "description": "Дупка пред № 15\nвтори ред",
                "agency_responsible": "Столична община, Дирекция „Пътища“",
                "service_notice": "Ще бъде проверено до 5 работни дни.",
                "requested_datetime": "2026-04-14T06:37:38Z",
                "updated_datetime": "2026-04-16T12:00:00Z",
                "expected_datetime": "2026-04-21T21:00:00Z",
                "address": "бул. Витоша 15, София",
                "address_id": "00715",
                "zipcode": "1000",
                "lat": 42.6977,
                "long": 23.3219,
                "media_url": "https://gateway.example/media/SOF-2026-000417/1.jpg"
              }
            ]
            """#
        try expect(xml: xml, json: json) { format in
            Documents.reports([Sample.open, Sample.closed], in: Sample.sofia(), as: format)
        }
    }

    @Test func `no reports are an empty list`() throws {
        let xml = #"""
            <service_requests/>
            """#
        let json = #"""
            []
            """#
        try expect(xml: xml, json: json) { format in
            Documents.reports([], in: Sample.sofia(), as: format)
        }
    }

    @Test func `each problem is an error of its own`() throws {
        let xml = #"""
            <?xml version="1.0" encoding="utf-8"?>
            <errors>
              <error>
                <code>400</code>
                <description>service_code was not provided (required)</description>
              </error>
              <error>
                <code>400</code>
                <description>location was not provided: send lat and long, or address_string, or address_id</description>
              </error>
            </errors>
            """#
        let json = #"""
            [
              {
                "code": 400,
                "description": "service_code was not provided (required)"
              },
              {
                "code": 400,
                "description": "location was not provided: send lat and long, or address_string, or address_id"
              }
            ]
            """#
        try expect(xml: xml, json: json) { format in
            Documents.errors(
                Fault(
                    .malformed,
                    [
                        "service_code was not provided (required)",
                        "location was not provided: "
                            + "send lat and long, or address_string, or address_id",
                    ]), as: format)
        }
    }
}
