package dev.mooring.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.mooring.nodes.JettyBase;
import dev.mooring.nodes.WrongClock;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sessions expire when they are due, on whatever nodes they are used, though Jetty's own scavenger never runs, and
 * though the clock of one node is ten minutes slow and that of the other ten minutes fast. Those of the same id in
 * another web application end with them. Nor do such clocks have a cookie renewed too early or never that has an age.
 */
class ExpiryIT {
    private static final Logger LOG = LoggerFactory.getLogger(ExpiryIT.class);
    private static final String ENVIRONMENT = "ee11";
    private static final Duration WRONG = Duration.ofMinutes(10);
    private static final Duration SHORT = Duration.ofSeconds(2);
    private static final Duration COOKIE_AGE = Duration.ofHours(1);

    /** Passes while the sessions expire. */
    private static final Duration RENEWED_AFTER = Duration.ofSeconds(10);

    private NodeCluster cluster;

    @ParameterizedTest
    @EnumSource(names = {"MEMBERS", "CLIENTS"})
    void comesAtTheDeadlineThatTheWholeClusterHasAgreedOn(Mode mode) throws Exception {
        Path agent = Path.of(System.getProperty("mooring.work"));
        var offsets = List.of(WRONG.negated(), WRONG).iterator();
        cluster = NodeCluster.start(
                "expiry",
                2,
                mode,
                base -> {
                    LiveWar.addTo(base);
                    base.property("jetty.sessionScavengeInterval.seconds", "0")
                            .jvmOptions(WrongClock.by(offsets.next(), agent));
                },
                ExpiryIT::giveCookiesAnAge);
        try (NodeCluster nodes = cluster) {
            assertThat(clockOf(1) - clockOf(0)).isGreaterThan(WRONG.toMillis());
            Browser aged = cluster.newBrowser();
            aged.says(on(0, "ee10"), "open aged");
            long opened = System.nanoTime();
            aCookieIsNotRenewedBeforeItsTime(aged);
            Map<String, Duration> late = Lifetimes.allOn(cluster, ENVIRONMENT);
            aCookieIsRenewedWhenItIsTime(aged, opened);
            theSameIdEndsInEveryWebApplication(false);
            theSameIdEndsInEveryWebApplication(true);

            LOG.info("Sessions ended after their deadline by {}", late);
            assertThat(late).isNotEmpty();
        }
        cluster.logs().passes(List.of(on(0, "ee10").path(), on(0, "ee11").path()));
    }

    private void aCookieIsNotRenewedBeforeItsTime(Browser browser) {
        for (int node : List.of(1, 0, 1)) {
            assertThat(cookiesOf(browser, node)).as("cookies of node %s", node).isEmpty();
        }
    }

    /** Each node may do so once: it is no write. Jetty counts whole seconds. */
    private void aCookieIsRenewedWhenItIsTime(Browser browser, long opened) {
        await().atMost(RENEWED_AFTER.multipliedBy(2))
                .until(() -> System.nanoTime() - opened
                        > RENEWED_AFTER.plusSeconds(2).toNanos());
        for (int node : List.of(0, 1)) {
            assertThat(cookiesOf(browser, node))
                    .as("cookies of node %s", node)
                    .singleElement()
                    .asString()
                    .contains("Max-Age=" + COOKIE_AGE.toSeconds());
            assertThat(cookiesOf(browser, node)).as("cookies of node %s", node).isEmpty();
        }
    }

    private List<String> cookiesOf(Browser browser, int node) {
        HttpResponse<String> answer = browser.gets(on(node, "ee10").say("get who"));
        assertThat(answer.body()).isEqualTo("aged");
        return answer.headers().allValues("Set-Cookie");
    }

    /** Nothing of the Servlet API says when a cookie is renewed: Jetty's own setting does. */
    private static void giveCookiesAnAge(JettyBase base) {
        String name = "live-ee10";
        try {
            Files.writeString(
                    base.directory().resolve("webapps/" + name + ".xml"),
                    String.format(Locale.ROOT, """
                    <?xml version="1.0"?>
                    <!DOCTYPE Configure PUBLIC "-//Jetty//Configure//EN" "https://jetty.org/configure_10_0.dtd">
                    <Configure class="org.eclipse.jetty.ee10.webapp.WebAppContext">
                      <Set name="contextPath">/%1$s</Set>
                      <Set name="war"><Property name="jetty.webapps"/>/%1$s.war</Set>
                      <Get name="sessionHandler">
                        <Set name="maxCookieAge">%2$d</Set>
                        <Set name="refreshCookieAge">%3$d</Set>
                      </Get>
                    </Configure>
                    """, name, COOKIE_AGE.toSeconds(), RENEWED_AFTER.toSeconds()));
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /** The time of day on a node, in milliseconds since the epoch. */
    private long clockOf(int node) {
        String date = cluster.newBrowser()
                .gets(on(node, ENVIRONMENT).say("ping"))
                .headers()
                .firstValue("Date")
                .orElseThrow();
        return ZonedDateTime.parse(date, DateTimeFormatter.RFC_1123_DATE_TIME)
                .toInstant()
                .toEpochMilli();
    }

    private void theSameIdEndsInEveryWebApplication(boolean byExpiry) {
        Browser browser = cluster.newBrowser();
        String first = "first-" + byExpiry;
        String second = "second-" + byExpiry;
        String id = browser.says(on(0, "ee10"), "open " + first);
        browser.takesSessionCookie(on(1, "ee11").say(""), on(1, "ee11").path(), id);
        assertThat(browser.says(on(1, "ee11"), "open " + second)).isEqualTo(id);
        Socket one = browser.opens(on(1, "ee10"), Way.CONFIGURED);
        Socket other = browser.opens(on(1, "ee11"), Way.CONFIGURED);

        // This node has nothing of the second one.
        if (byExpiry) {
            Ends.Use last = Ends.Use.of(() -> browser.says(on(0, "ee10"), "setMaxInactive " + SHORT.toSeconds()));
            Ends.expires(one, last, SHORT);
            Ends.expires(other, last, SHORT);
        } else {
            assertThat(browser.says(on(0, "ee10"), "invalidate")).isEqualTo("ok");
            Ends.invalidated(one);
            Ends.invalidated(other);
        }

        Browser anybody = cluster.newBrowser();
        Ends.destroyedOnce(List.of(on(0, "ee10"), on(1, "ee10")), anybody, first, Ends.SEEN);
        Ends.destroyedOnce(List.of(on(0, "ee11"), on(1, "ee11")), anybody, second, Ends.SEEN);
        assertThat(browser.says(on(1, "ee11"), "get who")).isEqualTo("none");
    }

    private LiveWar on(int node, String environment) {
        return new LiveWar(cluster.node(node), environment);
    }
}
