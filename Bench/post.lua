-- Reports, each one different. Arguments: base, key, a word for this run, the service if not SIDEWALK.
local base, key, run, service
local number, thread = 0, 0
local threads = 0

function setup(thread)
    threads = threads + 1
    thread:set("name", threads)
end

function init(args)
    base, key, run, service = args[1], args[2], args[3], args[4] or "SIDEWALK"
    wrk.method = "POST"
    wrk.headers["Content-Type"] = "application/x-www-form-urlencoded; charset=utf-8"
end

function request()
    number = number + 1
    local body = "api_key=" .. key .. "&service_code=" .. service .. "&lat=42.69"
        .. string.format("%04d", number % 10000) .. "&long=23.3219&address_string=bul.+Vitosha+15"
        .. "&email=reporter%40example.org&description=A+broken+slab+" .. run .. "-" .. name .. "-" .. number
    return wrk.format(nil, base .. "/requests.json", nil, body)
end
