"""The few lines that run inside Envoy for each request: who asks, and whose cookies are set.

They are Lua because Envoy has no other word for them. Nothing in them waits or calls out, and none
of what a customer sends can end up in them as code: names from a plan are quoted by ``_text``.
"""

from collections.abc import Sequence

from banyan.gateway.model import Cookies, Identity
from banyan.gateway.rules.envoy import (
    ID_HEADER,
    INNER_CUSTOMER,
    INNER_ID,
    INNER_NEW,
    INNER_WROTE,
    NAMELESS,
)

SIDE_HEADER = "x-banyan-side"
"""Set by the router on every answer: the arm of the endpoint that gave it, a space, and the cookie of ours
for the customer. Taken off again here; one call into Envoy tells both."""

DEFAULT_ROUTE = "default"

_COOKIE_AGE_S = 31_536_000
_WROTE_AGE_S = 10
"""For how long legacy answers who has written there: what data may lag behind (``lag_max``)."""


def edge(identity: Identity, cookies: Cookies) -> str:
    """The filter in front of the router: identity on the way in, cookie guard on the way out."""
    return "\n".join(
        [
            f"local WANTED = {_text(identity.cookie)} .. '='",
            f"local IDENTITY = {_text(identity.header.lower()) if identity.header else 'nil'}",
            f"local ID = {_text(ID_HEADER)}",
            f"local INNER_ID = {_text(INNER_ID)}",
            f"local INNER_CUSTOMER = {_text(INNER_CUSTOMER)}",
            f"local INNER_NEW = {_text(INNER_NEW)}",
            f"local NAMELESS = {_text(NAMELESS)}",
            f"local SIDE = {_text(SIDE_HEADER)}",
            f"local DEFAULT_ROUTE = {_text(DEFAULT_ROUTE)}",
            f"local INNER_WROTE = {_text(INNER_WROTE)}",
            f"local WROTE = {_text(identity.cookie)} .. '_wrote='",
            f"local AGE, WROTE_AGE = {_COOKIE_AGE_S}, {_WROTE_AGE_S}",
            f"local OWNED = {{legacy = {_owned(cookies.legacy)},"
            f" candidate = {_owned(cookies.candidate)}}}",
            f"local IS_OWNED = {str(bool(cookies.legacy or cookies.candidate)).lower()}",
            _IDENTITY,
            _GUARD,
        ]
    )


def buffering(bytes_max: int) -> str:
    """Holds an answer of known length until it is whole, so that one cut short can be asked anew.

    Never a 5xx: where another attempt is under way, holding it ends Envoy 1.40.
    """
    return f"""
function envoy_on_response(handle)
  local status = tonumber(handle:headers():get(":status") or "0")
  if status >= 500 then return end
  local length = tonumber(handle:headers():get("content-length") or "")
  if length and length > 0 and length <= {bytes_max} then handle:body(true) end
end
"""


def _owned(names: Sequence[str]) -> str:
    exact = ", ".join(f"[{_text(name)}] = true" for name in names if not name.endswith("*"))
    starts = ", ".join(_text(name[:-1]) for name in names if name.endswith("*"))
    return f"{{exact = {{{exact}}}, starts = {{{starts}}}}}"


def _text(value: str) -> str:
    """A Lua string of these bytes, whatever they are."""
    plain = all(0x20 <= byte < 0x7F and byte not in b'"\\' for byte in value.encode())
    if plain:
        return f'"{value}"'
    return '"' + "".join(f"\\{byte:03d}" for byte in value.encode()) + '"'


_IDENTITY = """
-- A name for a customer that tells nothing of who that is: 15 digits from two rolling hashes, each
-- small enough for a double to hold it exactly.
local function named(text)
  local a, b = 5381, 52711
  for i = 1, #text do
    local byte = string.byte(text, i)
    a = (a * 33 + byte) % 4294967296
    b = (b * 65599 + byte) % 4294967296
  end
  return string.format("%07x%08x", a % 268435456, b)
end

-- The value of a cookie of ours, and the header without it.
local function taken(header, wanted)
  local from = 1
  while true do
    local first, last = string.find(header, wanted, from, true)
    if not first then return nil, header end
    local before = string.sub(header, 1, first - 1)
    if before == "" or string.find(before, "[; ]$") then
      local stop = string.find(header, ";", last, true)
      local value = string.sub(header, last + 1, (stop or #header + 1) - 1)
      if not stop then return value, (string.gsub(before, "; *$", "")) end
      return value, before .. (string.gsub(string.sub(header, stop + 1), "^ ", ""))
    end
    from = last + 1
  end
end

local function own(headers, wanted)
  local all = headers:get("cookie")
  if not all or not string.find(all, wanted, 1, true) then return nil end
  local count = headers:getNumValues("cookie")
  if count == 1 then
    local value, rest = taken(all, wanted)
    if value and rest == "" then headers:remove("cookie")
    elseif value then headers:replace("cookie", rest) end
    return value
  end
  local kept, value = {}, nil
  for i = 0, count - 1 do
    local found, rest = taken(headers:getAtIndex("cookie", i), wanted)
    value = value or found
    if rest ~= "" then kept[#kept + 1] = rest end
  end
  headers:remove("cookie")
  for _, cookie in ipairs(kept) do headers:add("cookie", cookie) end
  return value
end

local SAFE = {GET = true, HEAD = true, OPTIONS = true}

local function cookie(headers, name, value, age)
  local is_secure = headers:get("x-forwarded-proto") == "https"
  return name .. value .. "; Path=/; Max-Age=" .. age .. "; HttpOnly; " ..
    (is_secure and "Secure; SameSite=None" or "SameSite=Lax")
end

function envoy_on_request(handle)
  local headers = handle:headers()
  local id = headers:get(ID) or ""
  local key, is_new = own(headers, WANTED), false
  local has_written = own(headers, WROTE)
  if has_written then headers:replace(INNER_WROTE, "1") end
  if key and key ~= "" then
    if #key ~= 15 or string.find(key, "[^0-9a-f]") then key = named(key) end
  else
    local who = IDENTITY and headers:get(IDENTITY)
    if who and who ~= "" then
      key = named(who)
    else
      key = string.sub(id, 1, 8) .. string.sub(id, 10, 13) .. string.sub(id, 16, 18)
    end
    is_new = headers:get(":method") == "GET"
  end
  if headers:get(":authority") == NAMELESS then
    headers:replace(":authority", handle:virtualHost():metadata():get("legacy"))
  end
  headers:replace(INNER_CUSTOMER, key)
  headers:replace(INNER_ID, id)
  if is_new then
    headers:replace(INNER_NEW, cookie(headers, WANTED, key, AGE))
  elseif not SAFE[headers:get(":method")] and
    handle:virtualHost():metadata():get("remembers_writes") and
    not handle:metadata():get("forgets_writes") then
    headers:replace(INNER_NEW, (has_written and "again " or "") ..
      cookie(headers, WROTE, "1", WROTE_AGE))
  end
end
"""

_GUARD = """
local OTHER = {legacy = "candidate", candidate = "legacy"}

local function owns(side, name)
  local owned = OWNED[side]
  if owned.exact[name] then return true end
  for _, start in ipairs(owned.starts) do
    if string.sub(name, 1, #start) == start then return true end
  end
  return false
end

local function is_foreign(side, cookie)
  local name = string.match(cookie, "^%s*([^=;%s]*)")
  return owns(OTHER[side], name) and not owns(side, name)
end

local function guard(headers, side)
  local count = headers:getNumValues("set-cookie")
  local kept = {}
  for i = 0, count - 1 do
    local cookie = headers:getAtIndex("set-cookie", i)
    if not is_foreign(side, cookie) then kept[#kept + 1] = cookie end
  end
  if #kept == count then return end
  headers:remove("set-cookie")
  for _, cookie in ipairs(kept) do headers:add("set-cookie", cookie) end
end

-- An answer that caches share must carry no one's name: it would stop being cached, or all would be one.
local function may_name(handle, headers, new)
  local status = headers:get(":status")
  if string.sub(status, 1, 1) == "1" or status == "304" then return false end
  if string.sub(new, 1, #WROTE) == WROTE then return true end
  local cache = string.lower(headers:get("cache-control") or "")
  if string.find(cache, "public", 1, true) or string.find(cache, "s-maxage", 1, true) then
    return false
  end
  if string.find(headers:get("content-type") or "", "text/html", 1, true) then return true end
  if handle:streamInfo():routeName() == DEFAULT_ROUTE then return false end
  return not string.find(cache, "max%-age=[1-9]") or string.find(cache, "private", 1, true)
    or string.find(cache, "no-store", 1, true)
end

-- Of a write, what the answer brings: at legacy that it was there, else that it was not the last one.
local function remembering(side, new)
  local has_written = string.sub(new, 1, 6) == "again "
  if has_written then new = string.sub(new, 7) end
  if side == "legacy" or string.sub(new, 1, #WROTE) ~= WROTE then return new end
  return has_written and WROTE .. "; Path=/; Max-Age=0" or ""
end

function envoy_on_response(handle)
  local headers = handle:headers()
  local told = headers:get(SIDE)
  if not told then return end
  headers:remove(SIDE)
  local space = string.find(told, " ", 1, true)
  local side, new = string.sub(told, 1, space - 1), string.sub(told, space + 1)
  if not OTHER[side] then return end
  if IS_OWNED then guard(headers, side) end
  new = remembering(side, new)
  if #new > 1 and may_name(handle, headers, new) then headers:add("set-cookie", new) end
end
"""
