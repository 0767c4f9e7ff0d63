-- The 50 newest before a moment, a different one each time. Arguments: base, format, earliest, seconds.
local base, format, earliest, seconds

function init(args)
    base, format, earliest, seconds = args[1], args[2], tonumber(args[3]), tonumber(args[4])
    math.randomseed(os.time() + tonumber(tostring(wrk.thread):match("0x(%x+)"), 16) % 100000)
end

function request()
    local moment = os.date("!%Y-%m-%dT%H:%M:%SZ", earliest + math.random(0, seconds - 1))
    return wrk.format("GET", base .. "/requests." .. format .. "?page_size=50&end_date=" .. moment)
end
