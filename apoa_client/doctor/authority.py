"""Checks of the route to the authority, part by part, and of what the authority answers."""

from collections.abc import Callable
from datetime import UTC, timedelta, tzinfo

from apoa_client.authority import route
from apoa_client.authority.route import Route
from apoa_client.delivery.plan import identity_error
from apoa_client.doctor.results import Finding, failed, failed_with, ok, skipped, warning
from apoa_client.errors import AuthorityBusy, Exit, TimedOut
from apoa_client.messages import Message, duration_message, msg, nmsg
from apoa_client.ports.authority import AuthorityIdentity, Meta
from apoa_client.ports.run import Clock
from apoa_client.report.kinds import CLOCK_TOLERANCE
from apoa_client.settings.zones import ZONES

CERTIFICATE_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Variables of the environment that add trusted certificates in other programs, and not in this one."""
_FEW_DAYS = 14
_WRONG_DATE = timedelta(days=1)
"""A clock that is wrong by more makes deadlines, certificates and the erasure of old data wrong."""


class AuthorityChecks:
    """The checks of one authority, in the order in which they build on each other.

    `ask` makes one call that tests the account.
    """

    def __init__(self, api_url: str, ca_bundle: str, ask: Callable[[], Meta], clock: Clock) -> None:
        self._api_url = api_url
        self._ca_bundle = ca_bundle or None
        self._ask = ask
        self._clock = clock
        self.meta: Meta | None = None
        """What the authority answered, once it was asked."""
        self._skew: timedelta | None = None

    @property
    def _route(self) -> Route:
        return route.find_route(self._api_url)

    def proxy(self) -> Finding:
        """Find out which proxy is used. Its username and password are never shown."""
        proxy = self._route.proxy
        if proxy is None:
            return ok(msg("No proxy is used."))
        if proxy.from_environment:
            return ok(msg("{proxy}, from the environment (HTTPS_PROXY)", proxy=proxy.address))
        return ok(msg("{proxy}, from this computer's network settings", proxy=proxy.address))

    def name(self) -> Finding:
        """Look up the name of the authority, or of the proxy."""
        host = self._route.first_host
        count = route.count_addresses(host)
        return ok(nmsg("{host} has {count} address.", "{host} has {count} addresses.", count, host=host))

    def connection(self) -> Finding:
        """Connect to the authority, or to the proxy."""
        found = self._route
        route.connect(found)
        return ok(msg("{host} port {port} answers.", host=found.first_host, port=found.first_port))

    def certificate(self) -> Finding:
        """Check that the authority's certificate is trusted, and for how long."""
        found = self._route
        if not found.uses_tls:
            return ok(msg("Not needed: the authority is on this computer itself."))
        if found.proxy is not None and not found.proxy.is_plain:
            return ok(msg("It is checked with each call: it cannot be read through this kind of proxy."))
        trusted = route.read_certificate(found, self._ca_bundle)
        if trusted.valid_until is None:
            return ok(msg("This computer trusts it."))
        days = (trusted.valid_until - self._clock.now()).days
        values: dict[str, str | Message] = {"issuer": trusted.issuer}
        if days < _FEW_DAYS:
            return warning(
                nmsg(
                    "This computer trusts it (issued by {issuer}), for {count} more day only.",
                    "This computer trusts it (issued by {issuer}), for {count} more days only.",
                    days,
                    **values,
                ),
                msg("Tell the authority that its certificate must be renewed."),
            )
        return ok(
            nmsg(
                "This computer trusts it (issued by {issuer}), for {count} more day.",
                "This computer trusts it (issued by {issuer}), for {count} more days.",
                days,
                **values,
            )
        )

    def account(self) -> Finding:
        """Test the username and password with one call. A password that was refused is not tried again."""
        try:
            self.meta = self._ask()
        except AuthorityBusy as exc:
            return warning(exc.message, exc.advice)
        except TimedOut:  # whose own words are about reports that were sent
            advice = msg("Try again in a minute: apoa doctor")
            return failed(msg("The authority did not answer in time."), advice, Exit.NOT_NOW)
        self._skew = self.meta.server_time - self._clock.now().astimezone(UTC)
        return ok(msg("The authority accepts the username and password."))

    def contract(self, expected: AuthorityIdentity, zone: tzinfo) -> Finding:
        """Check that the authority is the one of the set-up, its version of the contract, and the property's `zone`."""
        if self.meta is None:
            return skipped(msg("The authority was not asked."))
        error = identity_error(expected, self.meta.identity)
        if error is not None:
            return failed_with(error)
        if self.meta.timezone is not None and ZONES.get(self.meta.timezone) != zone:
            return warning(
                msg(
                    "The authority counts this property's days in the time zone {theirs}, and the settings in {ours}.",
                    theirs=str(ZONES.get(self.meta.timezone, self.meta.timezone)),
                    ours=str(zone),
                ),
                msg("Correct the setting timezone, or ask the authority to correct its own."),
            )
        environment = msg("training") if self.meta.environment == "training" else msg("live")
        return ok(
            msg(
                "Version {version} of the reporting contract, {environment}",
                version=self.meta.contract,
                environment=environment,
            )
        )

    def clock(self, last_skew: timedelta | None, command: str) -> Finding:
        """Compare the clocks: now, or as they were at the last contact.

        `last_skew` is how far the authority's clock was ahead then, if that is known. `command` sets this computer's
        clock.
        """
        skew = self._skew if self._skew is not None else last_skew
        if skew is None:
            return skipped(msg("The authority has not given its time yet."))
        if abs(skew) <= CLOCK_TOLERANCE:
            return ok(msg("It agrees with the authority's."))
        difference = duration_message(abs(skew))
        message = msg("It is {time} ahead of the authority's.", time=difference)
        if skew > timedelta():
            message = msg("It is {time} behind the authority's.", time=difference)
        advice = msg("Set the date and time of this computer: {command}", command=command)
        return failed(message, advice) if abs(skew) > _WRONG_DATE else warning(message, advice)
