package dev.mooring.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;

/**
 * Who logs in on one of two nodes is logged in on the other, and out, with WebSockets open all the while. The web
 * application {@code misuse} lets in users, see {@link MisuseWar#letsInUsersOnly}.
 */
final class Logins {
    private static final String KNOWN = "shows org.eclipse.jetty.security.UserIdentity 'user'";

    private Logins() {}

    /** By a form first, and then by {@code HttpServletRequest.login}. */
    static void byForm(Browser ada, MisuseWar here, MisuseWar there) {
        here.says(ada, "open;set a text 1");
        try (Socket nobodys = ada.opens(there.socket())) {
            String before = nobodys.asks("id");
            HttpResponse<String> challenge = ada.gets(there.guarded("who"));
            assertThat(locationOf(challenge)).contains("/do?m=form");
            assertThat(locationOf(ada.posts(here.login(), "j_username=user&j_password=wrong")))
                    .contains("/do?m=form;who");
            assertThat(nobodys.asks(KNOWN)).isEqualTo("false");

            HttpResponse<String> login = ada.posts(here.login(), "j_username=user&j_password=password");

            assertThat(locationOf(login)).as("what the other node has kept").contains("/guarded?m=who");
            assertKnown(ada, List.of(there, here), nobodys);
            String known = nobodys.asks("id");
            assertThat(known).isNotEqualTo(before).isEqualTo(here.says(ada, "id"));
            assertLogoutIsHeard(ada, here, there, nobodys);

            assertThat(here.says(ada, "login user wrong;login user password;who"))
                    .isEqualTo("!ServletException | ok | user true");

            assertKnown(ada, List.of(there, here), nobodys);
            assertThat(nobodys.asks("id")).isNotEqualTo(known);
            assertLogoutIsHeard(ada, there, here, nobodys);
            assertThat(nobodys.asks("get a")).isEqualTo("1");
        }
    }

    // From a thread that knows nothing of the application, before any request has come to that node.
    private static void assertKnown(Browser ada, List<MisuseWar> nodes, Socket socket) {
        assertThat(socket.asks("thread " + KNOWN)).isEqualTo("true");
        for (MisuseWar node : nodes) {
            assertThat(MisuseWar.withoutEvents(ada.gets(node.guarded("who")).body()))
                    .as("%s", node)
                    .isEqualTo("user true");
        }
    }

    private static void assertLogoutIsHeard(Browser ada, MisuseWar here, MisuseWar there, Socket nobodys) {
        try (Socket users = ada.opens(there.socket())) {
            assertThat(here.says(ada, "logout;who")).isEqualTo("ok | null false");

            Ends.closed(users, "logged out");
        }
        assertThat(nobodys.asks("thread " + KNOWN)).isEqualTo("false");
        for (MisuseWar node : List.of(there, here)) {
            assertThat(locationOf(ada.gets(node.guarded("who")))).as("%s", node).contains("/do?m=form");
        }
    }

    /** By BASIC: each request brings the password, and the session has a new id after the first. */
    static void byPasswordInEachRequest(Browser ada, MisuseWar here, MisuseWar there) {
        here.says(ada, "open;set a text 1");
        try (Socket socket = ada.opens(there.socket())) {
            String before = socket.asks("id");
            assertThat(ada.gets(here.guarded("who")).statusCode()).isEqualTo(401);

            assertThat(asUser(ada, here).body()).startsWith("user true");

            String after = socket.asks("thread id");
            assertThat(after).isNotEqualTo(before).isEqualTo(there.says(ada, "id"));
            HttpResponse<String> again = asUser(ada, there);
            assertThat(again.body()).startsWith("user true");
            assertThat(again.headers().allValues("Set-Cookie")).isEmpty();
            assertThat(ada.gets(there.guarded("who")).statusCode()).isEqualTo(401);
            assertThat(there.says(ada, "get a;id")).isEqualTo("1 | " + after);

            assertThat(MisuseWar.withoutEvents(ada.gets(there.guarded("logout"), "Authorization", password())
                            .body()))
                    .isEqualTo("ok");

            assertThat(asUser(ada, here).body()).startsWith("user true");
            assertThat(socket.asks("id")).as("the next login").isNotEqualTo(after);
        }
    }

    private static HttpResponse<String> asUser(Browser browser, MisuseWar war) {
        return browser.gets(war.guarded("who"), "Authorization", password());
    }

    private static String password() {
        return "Basic " + Base64.getEncoder().encodeToString("user:password".getBytes(StandardCharsets.US_ASCII));
    }

    private static String locationOf(HttpResponse<String> response) {
        return response.headers()
                .firstValue("Location")
                .orElseThrow(() -> new AssertionError(response + ": " + response.body()));
    }
}
