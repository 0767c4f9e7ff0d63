import GeoReport
import Reports
import Testing

/// The catalogue's documents of GR-12, as both formats must print them.
@Suite struct `Discovery and catalogue` {
    @Test func `discovery tells both endpoints`() throws {
        let xml = #"""
            <?xml version="1.0" encoding="utf-8"?>
            <discovery>
              <changeset>2026-04-12T06:00:00Z</changeset>
              <contact>Екип „Отворен град“, api@gateway.example, +359 2 000 0000</contact>
              <key_service>Заявете ключ на https://gateway.example/keys</key_service>
              <endpoints>
                <endpoint>
                  <specification>http://wiki.open311.org/GeoReport_v2</specification>
                  <url>https://gateway.example/open311/v2</url>
                  <changeset>2026-04-12T06:00:00Z</changeset>
                  <type>production</type>
                  <formats>
                    <format>text/xml</format>
                    <format>application/json</format>
                  </formats>
                </endpoint>
                <endpoint>
                  <specification>http://wiki.open311.org/GeoReport_v2</specification>
                  <url>https://sandbox.gateway.example/open311/v2</url>
                  <changeset>2026-03-30T09:15:00Z</changeset>
                  <type>test</type>
                  <formats>
                    <format>text/xml</format>
                    <format>application/json</format>
                  </formats>
                </endpoint>
              </endpoints>
            </discovery>
            """#
        let json = #"""
            {
              "changeset": "2026-04-12T06:00:00Z",
              "contact": "Екип „Отворен град“, api@gateway.example, +359 2 000 0000",
              "key_service": "Заявете ключ на https://gateway.example/keys",
              "endpoints": [
                {
                  "specification": "http://wiki.open311.org/GeoReport_v2",
                  "url": "https://gateway.example/open311/v2",
                  "changeset": "2026-04-12T06:00:00Z",
                  "type": "production",
                  "formats": ["text/xml", "application/json"]
                },
                {
                  "specification": "http://wiki.open311.org/GeoReport_v2",
                  "url": "https://sandbox.gateway.example/open311/v2",
                  "changeset": "2026-03-30T09:15:00Z",
                  "type": "test",
                  "formats": ["text/xml", "application/json"]
                }
              ]
            }
            """#
        try expect(xml: xml, json: json) { format in
            Documents.discovery(discovery, as: format)
        }
    }

    @Test func `services have all seven members`() throws {
        let xml = #"""
            <?xml version="1.0" encoding="utf-8"?>
            <services>
              <service>
                <service_code>POTHOLE</service_code>
                <service_name>Дупка на пътното платно</service_name>
                <description>Дупка или пропадане в асфалта</description>
                <metadata>true</metadata>
                <type>realtime</type>
                <keywords>дупка,асфалт,настилка</keywords>
                <group>Улици</group>
              </service>
              <service>
                <service_code>STREETLIGHT</service_code>
                <service_name>Неработещо улично осветление</service_name>
                <description/>
                <metadata>true</metadata>
                <type>batch</type>
                <keywords>лампа,осветление</keywords>
                <group>Улици</group>
              </service>
            </services>
            """#
        let json = #"""
            [
              {
                "service_code": "POTHOLE",
                "service_name": "Дупка на пътното платно",
                "description": "Дупка или пропадане в асфалта",
                "metadata": true,
                "type": "realtime",
                "keywords": "дупка,асфалт,настилка",
                "group": "Улици"
              },
              {
                "service_code": "STREETLIGHT",
                "service_name": "Неработещо улично осветление",
                "description": null,
                "metadata": true,
                "type": "batch",
                "keywords": "лампа,осветление",
                "group": "Улици"
              }
            ]
            """#
        try expect(xml: xml, json: json) { format in
            Documents.services(in: Sample.sofia(), as: format)
        }
    }

    @Test func `one service is a list of one`() throws {
        let xml = #"""
            <?xml version="1.0" encoding="utf-8"?>
            <services>
              <service>
                <service_code>WASTE-MIT</service_code>
                <service_name>Mbeturina të pambledhura</service_name>
                <description>Kontejner i mbushur ose mbeturina në rrugë</description>
                <metadata>true</metadata>
                <type>realtime</type>
                <keywords>mbeturina,kontejner,pastrim</keywords>
                <group>Mjedisi</group>
              </service>
            </services>
            """#
        let json = #"""
            [
              {
                "service_code": "WASTE-MIT",
                "service_name": "Mbeturina të pambledhura",
                "description": "Kontejner i mbushur ose mbeturina në rrugë",
                "metadata": true,
                "type": "realtime",
                "keywords": "mbeturina,kontejner,pastrim",
                "group": "Mjedisi"
              }
            ]
            """#
        try expect(xml: xml, json: json) { format in
            Documents.services(in: Sample.mitrovica, as: format)
        }
    }

    @Test func `no services are an empty list`() throws {
        let xml = #"""
            <services/>
            """#
        let json = #"""
            []
            """#
        try expect(xml: xml, json: json) { format in
            Documents.services(in: Sample.sofia(services: []), as: format)
        }
    }

    @Test func `a definition asks its questions in order`() throws {
        let xml = #"""
            <?xml version="1.0" encoding="utf-8"?>
            <service_definition>
              <service_code>POTHOLE</service_code>
              <attributes>
                <attribute>
                  <variable>false</variable>
                  <code>INFO</code>
                  <datatype>string</datatype>
                  <required>false</required>
                  <datatype_description/>
                  <order>1</order>
                  <description>При непосредствена опасност звънете на 112.</description>
                </attribute>
                <attribute>
                  <variable>true</variable>
                  <code>DEPTH</code>
                  <datatype>singlevaluelist</datatype>
                  <required>true</required>
                  <datatype_description>Изберете една стойност</datatype_description>
                  <order>2</order>
                  <description>Колко дълбока е дупката?</description>
                  <values>
                    <value>
                      <key>LT5</key>
                      <name>до 5 см</name>
                    </value>
                    <value>
                      <key>GT5</key>
                      <name>над 5 см</name>
                    </value>
                  </values>
                </attribute>
                <attribute>
                  <variable>true</variable>
                  <code>HAZARDS</code>
                  <datatype>multivaluelist</datatype>
                  <required>false</required>
                  <datatype_description/>
                  <order>3</order>
                  <description>Какво затруднява?</description>
                  <values>
                    <value>
                      <key>CARS</key>
                      <name>автомобили</name>
                    </value>
                    <value>
                      <key>BIKES</key>
                      <name>велосипеди</name>
                    </value>
                    <value>
                      <key>WALK</key>
                      <name>пешеходци</name>
                    </value>
                  </values>
                </attribute>
                <attribute>
                  <variable>true</variable>
                  <code>SEEN_AT</code>
                  <datatype>datetime</datatype>
                  <required>false</required>
                  <datatype_description>ISO 8601</datatype_description>
                  <order>4</order>
                  <description>Кога я видяхте за първи път?</description>
                </attribute>
                <attribute>
                  <variable>false</variable>
                  <code>fixmystreet_id</code>
                  <datatype>string</datatype>
                  <required>false</required>
                  <datatype_description/>
                  <order>5</order>
                  <description>Номер на сигнала във FixMyStreet (попълва се автоматично)</description>
                  <automated>server_set</automated>
                </attribute>
              </attributes>
            </service_definition>
            """#
        let json = #"""
            {
              "service_code": "POTHOLE",
              "attributes": [
                {
                  "variable": false,
                  "code": "INFO",
                  "datatype": "string",
                  "required": false,
                  "datatype_description": null,
                  "order": 1,
                  "description": "При непосредствена опасност звънете на 112."
                },
                {
                  "variable": true,
                  "code": "DEPTH",
                  "datatype": "singlevaluelist",
                  "required": true,
                  "datatype_description": "Изберете една стойност",
                  "order": 2,
                  "description": "Колко дълбока е дупката?",
                  "values": [
                    {"key": "LT5", "name": "до 5 см"},
                    {"key": "GT5", "name": "над 5 см"}
                  ]
                },
                {
                  "variable": true,
                  "code": "HAZARDS",
                  "datatype": "multivaluelist",
                  "required": false,
                  "datatype_description": null,
                  "order": 3,
                  "description": "Какво затруднява?",
                  "values": [
                    {"key": "CARS", "name": "автомобили"},
                    {"key": "BIKES", "name": "велосипеди"},
                    {"key": "WALK", "name": "пешеходци"}
                  ]
                },
                {
                  "variable": true,
                  "code": "SEEN_AT",
                  "datatype": "datetime",
                  "required": false,
                  "datatype_description": "ISO 8601",
                  "order": 4,
                  "description": "Кога я видяхте за първи път?"
                },
                {
                  "variable": false,
                  "code": "fixmystreet_id",
                  "datatype": "string",
                  "required": false,
                  "datatype_description": null,
                  "order": 5,
                  "description": "Номер на сигнала във FixMyStreet (попълва се автоматично)",
                  "automated": "server_set"
                }
              ]
            }
            """#
        try expect(xml: xml, json: json) { format in
            Documents.definition(of: Sample.pothole, in: Sample.sofia(), as: format)
        }
    }

    @Test func `a service without questions has a definition with FixMyStreet's`() throws {
        let xml = #"""
            <service_definition><service_code>STREETLIGHT</service_code><attributes>
            <attribute><variable>false</variable><code>fixmystreet_id</code>
            <datatype>string</datatype><required>false</required><datatype_description/>
            <order>1</order>
            <description>Number of the report in FixMyStreet (filled in automatically)</description>
            <automated>server_set</automated></attribute>
            </attributes></service_definition>
            """#
        let json = #"""
            {"service_code":"STREETLIGHT","attributes":[{"variable":false,"code":"fixmystreet_id",
            "datatype":"string","required":false,"datatype_description":null,"order":1,
            "description":"Number of the report in FixMyStreet (filled in automatically)",
            "automated":"server_set"}]}
            """#
        try expect(xml: xml, json: json) { format in
            Documents.definition(
                of: Sample.streetlight, in: Sample.sofia(), languages: [Sample.english],
                as: format)
        }
    }

    private let discovery = Discovery(
        changeset: Sample.time("2026-04-12T06:00:00Z"),
        contact: "Екип „Отворен град“, api@gateway.example, +359 2 000 0000",
        keyService: "Заявете ключ на https://gateway.example/keys",
        endpoints: [
            Discovery.Endpoint(
                url: "https://gateway.example/open311/v2",
                changeset: Sample.time("2026-04-12T06:00:00Z"), stage: .production),
            Discovery.Endpoint(
                url: "https://sandbox.gateway.example/open311/v2",
                changeset: Sample.time("2026-03-30T09:15:00Z"), stage: .test),
        ])
}
