package dev.mooring.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.mooring.model.SessionRecord;
import dev.mooring.nodes.JettyBase;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Several contexts on two nodes that have no WebSocket module: at {@code /}, with one id, with one path on two hosts,
 * dispatching to each other, with ids in URLs, with cookies of their own, deployed anew.
 */
class ContextsIT {
    private static final Duration DEPLOYED = Duration.ofSeconds(20);
    private static final Duration GRACE = Duration.ofHours(1);

    private static NodeCluster cluster;

    @BeforeAll
    static void startNodes() {
        Path war = MisuseWar.file();
        cluster = NodeCluster.start(
                "contexts",
                2,
                Mode.MEMBERS,
                base -> base.modules("http", "ee10-deploy", "ee10-annotations")
                        .property("jetty.deploy.scanInterval", "1")
                        .war("ROOT", war)
                        .war("one", war)
                        .war("two", war)
                        .war("urls", war)
                        .war("cookies", war),
                ContextsIT::describe);
    }

    @AfterAll
    static void stopNodesAndReadTheirLogs() {
        cluster.close();
        cluster.logs().passes(List.of("/two", "/here", "/urls", "/cookies"));
    }

    @Test
    void theRootContextHasItsSessionsOnBothNodes() {
        Browser ada = cluster.newBrowser();
        says(ada, 0, "", "open;set a text root");

        assertThat(says(ada, 1, "", "get a;context")).isEqualTo("root | root");
        assertThat(says(ada, 1, "/one", "hasSession")).isEqualTo("false");
    }

    @Test
    void sessionsOfTwoContextsWithOneIdAreTwoAndEndTogether() {
        Browser ada = cluster.newBrowser();
        String id = says(ada, 0, "/one", "open;id;set a text one").split(" \\| ")[1];
        ada.takesSessionCookie(uri(0, "/two", ""), "/two", id);

        assertThat(says(ada, 1, "/two", "hasSession;open;id;set a text two")).startsWith("false | true | " + id);
        assertThat(says(ada, 1, "/one", "get a")).isEqualTo("one");
        assertThat(says(ada, 0, "/two", "get a")).isEqualTo("two");

        says(ada, 0, "/one", "invalidate");

        assertThat(says(ada, 1, "/two", "hasSession")).isEqualTo("false");
    }

    @Test
    void anIdInTheUrlOpensTheSessionOnBothNodes() {
        HttpClient http = HttpClient.newHttpClient();
        HttpResponse<String> opened = send(http, uri(0, "/urls", "open;id;set a text url"), "");
        String id = opened.body().split(" \\| ")[1];
        assertThat(opened.headers().allValues("Set-Cookie")).isEmpty();

        URI there = URI.create(
                uri(1, "/urls", "get a;valid;encode").toString().replace("/do?", "/do;jsessionid=" + id + "?"));

        assertThat(send(http, there, "").body()).isEqualTo("url | true false true | /next;jsessionid=ID");
    }

    @Test
    void theCookieIsTheApplicationsOwn() {
        HttpClient http = HttpClient.newHttpClient();
        String cookie = send(http, uri(0, "/cookies", "open;set a text own"), "")
                .headers()
                .firstValue("Set-Cookie")
                .orElseThrow();
        assertThat(cookie).startsWith("__Host-SID=").contains("Secure").contains("Path=/;");

        assertThat(send(http, uri(1, "/cookies", "get a;valid"), cookie.split(";")[0])
                        .body())
                .isEqualTo("own | true true false");
    }

    @Test
    void twoValidCookiesAreRefused() {
        HttpClient http = HttpClient.newHttpClient();
        String first = cookieOf(send(http, uri(0, "/one", "open"), ""));
        String second = cookieOf(send(http, uri(1, "/one", "open"), ""));

        assertThat(send(http, uri(0, "/one", "hasSession"), first + "; " + second)
                        .statusCode())
                .isEqualTo(400);
        assertThat(send(http, uri(1, "/one", "hasSession"), first + "; JSESSIONID=nobodys")
                        .body())
                .isEqualTo("true");
    }

    /** {@code 127.0.0.1} and {@code localhost} are one machine, and two virtual hosts. */
    @Test
    void contextsOfOnePathOnTwoHostsHaveTheirOwnSessionsOnBothNodes() {
        HttpClient http = HttpClient.newHttpClient();
        HttpResponse<String> opened = send(http, uri(0, "/hosted", "open;set a text address"), "");
        String cookie = cookieOf(opened);
        String id = cookie.split("=")[1];

        HttpResponse<String> named =
                send(http, byName(uri(0, "/hosted", "hasSession;open;id;set a text name")), cookie);

        assertThat(named.body()).startsWith("false | true | " + id);
        for (int node = 0; node < 2; node++) {
            assertThat(send(http, uri(node, "/hosted", "get a"), cookie).body()).isEqualTo("address");
            assertThat(send(http, byName(uri(node, "/hosted", "get a")), cookie).body())
                    .isEqualTo("name");
        }
        send(http, byName(uri(1, "/hosted", "set a text renamed")), cookie);
        assertThat(send(http, byName(uri(0, "/hosted", "get a")), cookie).body())
                .isEqualTo("renamed");
        assertThat(send(http, uri(0, "/hosted", "get a"), cookie).body()).isEqualTo("address");
    }

    private static URI byName(URI uri) {
        return URI.create(uri.toString().replace("127.0.0.1", "localhost"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"include", "forward"})
    void aDispatchIntoAnotherContextHasThatOnesSession(String way) {
        Browser ada = cluster.newBrowser();
        String id = says(ada, 0, "/here", "open;id;set a text here").split(" \\| ")[1];

        assertThat(ada.gets(uri(
                                1,
                                "/here",
                                "set b text mine;cross " + way + " /there open,id,set a text there,set c list one"))
                        .body())
                .contains("true | " + id + " | ok");

        assertThat(ada.gets(uri(0, "/here", "cross " + way + " /there get a,get b,change c two"))
                        .body())
                .contains("there | null | ok");
        assertThat(ada.gets(uri(1, "/here", "cross " + way + " /there get c")).body())
                .contains("[one, two]");
        assertThat(says(ada, 0, "/here", "get a;get b;names")).isEqualTo("here | mine | a,b,born");
        assertThat(says(ada, 1, "/here", "get a;invalidate;hasSession")).isEqualTo("here | ok | false");
        assertThat(ada.gets(uri(0, "/here", "cross " + way + " /there hasSession"))
                        .body())
                .contains("false");
    }

    @Test
    void aRedeployedContextGoesOnWithItsSessions() throws IOException {
        Browser ada = cluster.newBrowser();
        says(ada, 0, "/one", "open;set a list one");
        Path war = cluster.node(0).base().directory().resolve("webapps/one.war");
        long before = starts();

        Files.setLastModifiedTime(war, FileTime.from(Instant.now().plusSeconds(2)));

        await().atMost(Duration.ofSeconds(20)).until(() -> starts() > before);
        await().atMost(Duration.ofSeconds(10))
                .until(() -> ada.gets(uri(0, "/one", "get a")).statusCode() == 200);
        assertThat(says(ada, 0, "/one", "get a;change a two")).isEqualTo("[one] | ok");
        assertThat(says(ada, 1, "/one", "get a")).isEqualTo("[one, two]");
        assertThat(cluster.newBrowser().gets(uri(0, "/one", "open")).body())
                .as("its listeners are told, once")
                .containsOnlyOnce("created")
                .containsOnlyOnce("added born");
    }

    /** Nobody is left who could run their listeners; nodes that have not got the web application leave them alone. */
    @Tag("stress")
    @Test
    void recordsOfAContextThatNoNodeHasAnyMoreGoByTheirTimeToLive() throws IOException {
        List<Path> wars = cluster.nodes().stream()
                .map(node -> node.base().directory().resolve("webapps/gone.war"))
                .toList();
        for (Path war : wars) {
            Files.copy(war.resolveSibling("two.war"), war);
        }
        await().atMost(DEPLOYED).until(() -> statusOfGone(0) == 200 && statusOfGone(1) == 200);
        try (Bystander bystander = Bystander.of(cluster)) {
            String id = says(cluster.newBrowser(), 0, "/gone", "open;id;setMaxInactive 2")
                    .split(" \\| ")[1];

            for (Path war : wars) {
                Files.delete(war);
            }
            await().atMost(DEPLOYED).until(() -> statusOfGone(0) == 404 && statusOfGone(1) == 404);

            // Two sweeps for left-over sessions.
            await().during(Duration.ofSeconds(45))
                    .atMost(Duration.ofSeconds(60))
                    .untilAsserted(() -> {
                        assertThat(bystander.record(id)).hasValueSatisfying(record -> {
                            assertThat(record.state()).isEqualTo(SessionRecord.State.LIVE);
                            assertThat(record.holders()).isEmpty();
                        });
                        assertThat(bystander.timeToLive(id))
                                .hasValueSatisfying(left -> assertThat(left).isLessThanOrEqualTo(GRACE.plusSeconds(3)));
                    });
        }
    }

    private static int statusOfGone(int node) {
        return cluster.newBrowser().gets(uri(node, "/gone", "hasSession")).statusCode();
    }

    private static long starts() {
        return cluster.node(0).log().stream()
                .filter(line -> line.contains("Sessions of context /one:"))
                .count();
    }

    private static String cookieOf(HttpResponse<String> response) {
        return response.headers().firstValue("Set-Cookie").orElseThrow().split(";")[0];
    }

    private static String says(Browser browser, int node, String context, String words) {
        return new MisuseWar(cluster.node(node), context).says(browser, words);
    }

    private static URI uri(int node, String context, String words) {
        return new MisuseWar(cluster.node(node), context).does(words);
    }

    private static HttpResponse<String> send(HttpClient http, URI uri, String cookies) {
        HttpRequest.Builder request = HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(20));
        if (!cookies.isEmpty()) {
            request.header("Cookie", cookies);
        }
        try {
            return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(interrupted);
        }
    }

    private static void describe(JettyBase base) {
        Path webapps = base.directory().resolve("webapps");
        for (String host : List.of("127.0.0.1", "localhost")) {
            configure(
                    webapps,
                    "at-" + host,
                    "<Set name=\"contextPath\">/hosted</Set>"
                            + "<Call name=\"addVirtualHosts\"><Arg><Array type=\"java.lang.String\"><Item>" + host
                            + "</Item></Array></Arg></Call>");
        }
        for (String name : List.of("here", "there")) {
            configure(
                    webapps,
                    name,
                    "<Set name=\"contextPath\">/" + name
                            + "</Set><Set name=\"crossContextDispatchSupported\">true</Set>");
        }
        Wars.describe(
                webapps.resolve("urls.war"),
                "</session-timeout>",
                "</session-timeout><tracking-mode>URL</tracking-mode>");
        Wars.describe(
                webapps.resolve("cookies.war"),
                "</session-timeout>",
                "</session-timeout><cookie-config><name>__Host-SID</name><path>/</path><secure>true</secure></cookie-config>");
    }

    private static void configure(Path webapps, String name, String settings) {
        try {
            Files.copy(MisuseWar.file(), webapps.resolve(name + ".war"), StandardCopyOption.REPLACE_EXISTING);
            Files.writeString(
                    webapps.resolve(name + ".xml"),
                    "<?xml version=\"1.0\"?>\n"
                            + "<!DOCTYPE Configure PUBLIC \"-//Jetty//Configure//EN\" \"https://jetty.org/configure_10_0.dtd\">\n"
                            + "<Configure class=\"org.eclipse.jetty.ee10.webapp.WebAppContext\"><Set name=\"war\">"
                            + "<Property name=\"jetty.webapps\"/>/" + name + ".war</Set>" + settings
                            + "</Configure>\n");
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
