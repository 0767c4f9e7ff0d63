# A town's Redmine: its statuses, one tracker, one project, custom fields and accounts.
Setting.rest_api_enabled = '1'
Setting.host_name = '127.0.0.1'
Setting.notified_events = []
Setting.default_language = 'en'

made = { 'Investigating' => false, 'Planned' => false, 'Action scheduled' => false,
         'Fixed' => true, 'Not responsible' => true, 'Duplicate' => true }
made.each { |name, closed| IssueStatus.create!(name: name, is_closed: closed) }
# Nobody's workflow leads there.
IssueStatus.create!(name: 'Walled up', is_closed: true)

tracker = Tracker.create!(name: 'Citizen report', default_status: IssueStatus.find_by(name: 'New'))
field = lambda do |name, format, filter, **more|
  IssueCustomField.create!(name: name, field_format: format, is_for_all: true, is_filter: filter,
                           searchable: true, trackers: [tracker], **more)
end
field['External ID', 'string', true]
field['Latitude', 'float', false]
field['Longitude', 'float', false]
field['Address', 'string', false]
field['Service Code', 'string', true]
field['Severity', 'list', true, possible_values: %w[low high]]

project = lambda do |name, identifier|
  Project.create!(name: name, identifier: identifier, is_public: false, trackers: [tracker],
                  enabled_module_names: ['issue_tracking'])
end
streets = project['Streets', 'streets']
parks = project['Parks', 'parks']

manager = Role.find_by(name: 'Manager')
manager.update!(permissions: (manager.permissions + %i[
  view_private_notes set_notes_private set_issues_private import_issues]).uniq)
known = IssueStatus.where.not(name: 'Walled up').to_a
known.product(known).each do |from, to|
  next if from == to
  Role.givable.each do |role|
    WorkflowTransition.create!(tracker: tracker, role: role, old_status: from, new_status: to)
  end
end

# What an adapter needs and no more: no private notes, all statuses of the workflow.
gateway = Role.create!(name: 'Gateway', issues_visibility: 'all',
                       permissions: %i[view_issues add_issues edit_issues add_issue_notes])
known.product(known).each do |from, to|
  next if from == to
  WorkflowTransition.create!(tracker: tracker, role: gateway, old_status: from, new_status: to)
end
# One that may only begin to look into it.
least = Role.create!(name: 'Least', issues_visibility: 'all',
                     permissions: %i[view_issues add_issues edit_issues add_issue_notes])
WorkflowTransition.create!(tracker: tracker, role: least, old_status: IssueStatus.find_by(name: 'New'),
                           new_status: IssueStatus.find_by(name: 'Investigating'))
# One that may only look.
reader = Role.create!(name: 'Reader', issues_visibility: 'all', permissions: %i[view_issues])

account = lambda do |login, zone, *roles|
  user = User.new(firstname: login.capitalize, lastname: 'Example', mail: "#{login}@example.org",
                  language: 'en', mail_notification: 'none')
  user.login = login
  user.password = user.password_confirmation = "#{login}-pass1"
  user.save!
  user.pref.time_zone = zone
  user.pref.save!
  roles.each { |project, role| Member.create!(project: project, principal: user, roles: [role]) }
  user
end
people = {
  gateway: account['gateway', 'UTC', [streets, gateway]],
  # In a zone of its own, with summer time.
  bernese: account['bernese', 'Bern', [streets, gateway]],
  least: account['least', 'UTC', [streets, least]],
  reader: account['reader', 'UTC', [streets, reader]],
  clerk: account['clerk', 'Bern', [streets, manager], [parks, manager]]
}
admin = User.find_by(login: 'admin')
admin.password = admin.password_confirmation = 'admin-pass1'
admin.must_change_passwd = false
admin.save!

File.write(ENV['KEYFILE'], people.merge(admin: admin).transform_values(&:api_key).merge(
  tracker: tracker.id, project: streets.id, other_project: parks.id,
  cf: IssueCustomField.all.to_h { |each| [each.name, each.id] },
  status: IssueStatus.all.to_h { |each| [each.name, each.id] }).to_json)
