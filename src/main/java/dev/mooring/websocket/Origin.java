package dev.mooring.websocket;

import java.net.URI;
import java.net.URISyntaxException;
import org.jspecify.annotations.Nullable;

/**
 * What the {@code Origin} of a request says (RFC 6454). Hosts are compared and ports are not: a session cookie goes to
 * every port of its host, and behind a proxy the port that a browser knows may be unknown here.
 */
final class Origin {

    private Origin() {}

    /**
     * Tells whether an origin is on a host.
     *
     * @param origin as the header says; {@code null} in letters, or what is no origin, is on no host
     * @param host the name or address that the request was sent to, an IPv6 address with or without brackets
     */
    static boolean hasHost(String origin, @Nullable String host) {
        try {
            String named = new URI(origin).getHost();
            return named != null && host != null && bare(named).equalsIgnoreCase(bare(host));
        } catch (URISyntaxException e) {
            return false;
        }
    }

    private static String bare(String host) {
        return host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
    }
}
