package dev.mooring.session;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How Jetty's authenticators remember a login in the session; {@code HttpServletRequest.logout()} removes what they
 * have put there.
 */
final class Login {

    /** What a FORM login leaves, and what any login leaves in a session that was there before. */
    static final Set<String> ATTRIBUTES =
            Set.of("org.eclipse.jetty.security.UserIdentity", "org.eclipse.jetty.security.sessionAuthenticated");

    private Login() {}

    /** Tells whether setting an attribute to a value ends a login. */
    static boolean isEndedBy(String name, @Nullable Object value) {
        return value == null && ATTRIBUTES.contains(name);
    }
}
