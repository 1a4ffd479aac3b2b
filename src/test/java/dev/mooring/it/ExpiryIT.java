package dev.mooring.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mooring.nodes.WrongClock;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sessions expire when they are due, on whatever nodes they are used, though Jetty's own scavenger never runs, and though the clock of
 * one node is ten minutes slow and that of the other ten minutes fast. Those of the same id in another web application end with them.
 */
class ExpiryIT {
    private static final Logger LOG = LoggerFactory.getLogger(ExpiryIT.class);
    private static final String ENVIRONMENT = "ee11";
    private static final Duration WRONG = Duration.ofMinutes(10);
    private static final Duration SHORT = Duration.ofSeconds(2);

    private NodeCluster cluster;

    @ParameterizedTest
    @EnumSource(names = {"MEMBERS", "CLIENTS"})
    void comesAtTheDeadlineThatTheWholeClusterHasAgreedOn(Mode mode) throws Exception {
        Path agent = Path.of(System.getProperty("mooring.work"));
        var offsets = List.of(WRONG.negated(), WRONG).iterator();
        cluster = LiveWar.onNodes(
                "expiry",
                2,
                mode,
                base -> base.property("jetty.sessionScavengeInterval.seconds", "0")
                        .jvmOptions(WrongClock.by(offsets.next(), agent)));
        try (NodeCluster nodes = cluster) {
            assertThat(clockOf(1) - clockOf(0)).isGreaterThan(WRONG.toMillis());
            Map<String, Duration> late = Lifetimes.allOn(cluster, ENVIRONMENT);
            theSameIdEndsInEveryWebApplication(false);
            theSameIdEndsInEveryWebApplication(true);

            LOG.info("Sessions ended after their deadline by {}", late);
            assertThat(late).isNotEmpty();
        }
        cluster.logs().passes(List.of(on(0, "ee10").path(), on(0, "ee11").path()));
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
        Ends.destroyedOnce(List.of(on(0, "ee10"), on(1, "ee10")), anybody, first, Ends.ON_TIME.multipliedBy(2));
        Ends.destroyedOnce(List.of(on(0, "ee11"), on(1, "ee11")), anybody, second, Ends.ON_TIME.multipliedBy(2));
        assertThat(browser.says(on(1, "ee11"), "get who")).isEqualTo("none");
    }

    private LiveWar on(int node, String environment) {
        return new LiveWar(cluster.node(node), environment);
    }
}
