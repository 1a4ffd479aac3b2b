package dev.mooring.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * Sessions on two nodes that are used, limited and left alone in every way at the same time, each of which must end
 * when it is due and no earlier. The same for every eviction policy and mode.
 */
final class Lifetimes {
    private static final Duration SHORT = Duration.ofSeconds(3);
    private static final Duration LONG = Duration.ofMinutes(30);
    private static final Duration ROUND = Duration.ofMillis(400);
    private static final Duration LIMIT = Duration.ofSeconds(20);

    private static final String TOGETHER = "many that are due together";
    private static final int MANY = 40;

    private final NodeCluster cluster;
    private final LiveWar here;
    private final LiveWar there;
    private final Map<String, CompletableFuture<Duration>> cases = new TreeMap<>();
    private final ExecutorService people = Executors.newCachedThreadPool();

    private Lifetimes(NodeCluster cluster, String environment) {
        this.cluster = cluster;
        here = new LiveWar(cluster.node(0), environment);
        there = new LiveWar(cluster.node(1), environment);
    }

    /** Runs all cases at once; returns by how much each session outlived its deadline, by name. Blocks. */
    static Map<String, Duration> allOn(NodeCluster cluster, String environment) throws Exception {
        var lifetimes = new Lifetimes(cluster, environment);
        try {
            lifetimes.begin();
            return lifetimes.late();
        } finally {
            lifetimes.people.shutdownNow();
        }
    }

    private void begin() {
        on("left alone with a socket", this::leftAlone);
        on("left alone without a socket", this::leftAloneWithoutSocket);
        on("used by requests on the other node", browser -> usedBy(browser, true));
        on("used by messages of the other node's socket", browser -> usedBy(browser, false));
        on("in a long request on the other node", this::longRequest);
        on("limited by the other node's request", browser -> limited(browser, false));
        on("limited by the other node's socket", browser -> limited(browser, true));
        on("limited, and no limit on the other node before", this::limitedAfterNone);
        on("given more time on the other node", this::givenMore);
        on("without a limit", browser -> withoutLimit(browser, "0"));
        on("with a negative limit", browser -> withoutLimit(browser, "-1"));
        cases.put(TOGETHER, CompletableFuture.supplyAsync(this::manyTogether, people));
    }

    private interface Case {
        /** Plays it; returns by how much the session outlived its deadline. */
        Duration play(Browser browser);
    }

    private void on(String name, Case play) {
        cases.put(
                name,
                CompletableFuture.supplyAsync(
                        () -> {
                            Browser browser = cluster.newBrowser();
                            browser.says(here, "open " + owner(name));
                            return play.play(browser);
                        },
                        people));
    }

    private static String owner(String name) {
        return name.replace(' ', '-').replace(",", "");
    }

    private Map<String, Duration> late() throws Exception {
        Map<String, Duration> late = new TreeMap<>();
        for (Map.Entry<String, CompletableFuture<Duration>> entry : cases.entrySet()) {
            late.put(entry.getKey(), entry.getValue().get(1, TimeUnit.MINUTES));
            if (!entry.getKey().contains("out a limit")
                    && !entry.getKey().contains("negative")
                    && !entry.getKey().equals(TOGETHER)) {
                Ends.destroyedOnce(List.of(here, there), cluster.newBrowser(), owner(entry.getKey()), Ends.SEEN);
            }
        }
        return late;
    }

    private Duration leftAlone(Browser browser) {
        limit(browser, here, SHORT);
        var sockets = new ArrayList<Socket>();
        Ends.Use last = Ends.Use.of(() -> sockets.add(browser.opens(here, Way.CONFIGURED)));
        Duration late = Ends.expires(sockets.get(0), last, SHORT);
        assertThat(browser.says(there, "get who")).isEqualTo("none");
        assertThat(browser.says(here, "get who")).isEqualTo("none");
        return late;
    }

    private Duration leftAloneWithoutSocket(Browser browser) {
        browser.says(there, "get who");
        Ends.Use last = limit(browser, here, SHORT);
        Browser anybody = cluster.newBrowser();
        String owner = owner("left alone without a socket");
        Ends.destroyedOnce(List.of(here, there), anybody, owner, SHORT.plus(Ends.SEEN));
        Duration late = Ends.onTime(owner, System.nanoTime(), last, SHORT);
        assertThat(browser.says(there, "get who")).isEqualTo("none");
        return late;
    }

    private Duration usedBy(Browser browser, boolean requests) {
        limit(browser, here, SHORT);
        Socket silent = browser.opens(here, Way.CONFIGURED);
        Socket talking = browser.opens(there, Way.PLAIN);
        long end = System.nanoTime() + SHORT.multipliedBy(2).toNanos();
        Ends.Use last;
        do {
            pause(ROUND);
            last = Ends.Use.of(() -> assertThat(requests ? browser.says(there, "ping") : talking.asks("ping"))
                    .isEqualTo("pong"));
        } while (last.after() < end);
        return Ends.expires(silent, last, SHORT);
    }

    private Duration longRequest(Browser browser) {
        limit(browser, here, SHORT);
        Socket silent = browser.opens(here, Way.CONFIGURED);
        String gate = "long-" + cluster.name() + System.nanoTime();
        CompletableFuture<String> slow = browser.saysLater(there, "hold " + gate + " get who");
        cluster.newBrowser().says(there, "await " + gate);
        pause(SHORT.multipliedBy(2));
        assertThat(silent.isOpen()).as("open while a request runs").isTrue();
        Ends.Use last = Ends.Use.of(() -> {
            cluster.newBrowser().says(there, "release " + gate);
            assertThat(slow.join()).isEqualTo(owner("in a long request on the other node"));
        });
        return Ends.expires(silent, last, SHORT);
    }

    private Duration limited(Browser browser, boolean bySocket) {
        Socket silent = browser.opens(here, Way.CONFIGURED);
        if (!bySocket) {
            return Ends.expires(silent, limit(browser, there, SHORT), SHORT);
        }
        Socket socket = browser.opens(there, Way.CONFIGURED);
        Ends.Use last = Ends.Use.of(() ->
                assertThat(socket.asks("setMaxInactive " + SHORT.toSeconds())).isEqualTo("ok"));
        return Ends.expires(silent, last, SHORT);
    }

    private Duration limitedAfterNone(Browser browser) {
        browser.says(here, "setMaxInactive 0");
        Socket silent = browser.opens(here, Way.CONFIGURED);
        return Ends.expires(silent, limit(browser, there, SHORT), SHORT);
    }

    private Duration givenMore(Browser browser) {
        limit(browser, here, SHORT);
        Socket silent = browser.opens(here, Way.CONFIGURED);
        Duration more = SHORT.multipliedBy(2);
        return Ends.expires(silent, limit(browser, there, more), more);
    }

    private static Ends.Use limit(Browser browser, LiveWar node, Duration maxInactive) {
        return Ends.Use.of(() -> assertThat(browser.says(node, "setMaxInactive " + maxInactive.toSeconds()))
                .isEqualTo("ok"));
    }

    private Duration withoutLimit(Browser browser, String limit) {
        browser.says(here, "setMaxInactive 5");
        Socket silent = browser.opens(here, Way.CONFIGURED);
        browser.says(there, "setMaxInactive " + limit);
        pause(SHORT.multipliedBy(2));
        assertThat(silent.isOpen()).as("open with a limit of %s", limit).isTrue();
        assertThat(browser.says(here, "maxInactive")).isEqualTo(limit);
        browser.says(here, "setMaxInactive " + LONG.toSeconds());
        assertThat(browser.says(there, "invalidate")).isEqualTo("ok");
        Ends.invalidated(silent);
        return Duration.ZERO;
    }

    /** Every other one is on both nodes when it is due, if it is not evicted before. */
    private Duration manyTogether() {
        String prefix = "together-" + System.nanoTime() + "-";
        Ends.Use first = Ends.Use.of(() -> openAndLimit(prefix + 0, true));
        Ends.Use last = first;
        for (int i = 1; i < MANY; i++) {
            String owner = prefix + i;
            boolean shared = i % 2 == 0;
            last = Ends.Use.of(() -> openAndLimit(owner, shared));
        }
        Browser anybody = cluster.newBrowser();
        await().atMost(LIMIT)
                .pollInterval(Duration.ofMillis(50))
                .until(() -> ended(anybody, prefix).size() >= MANY);

        Duration late =
                Ends.onTime(prefix, System.nanoTime(), new Ends.Use(first.before(), last.after()), SHORT.plus(SHORT));
        assertThat(ended(anybody, prefix)).hasSize(MANY).doesNotHaveDuplicates();
        return late;
    }

    private void openAndLimit(String owner, boolean shared) {
        Browser browser = cluster.newBrowser();
        browser.says(here, "open " + owner);
        if (shared) {
            browser.says(there, "get who");
        }
        limit(browser, here, SHORT.plus(SHORT));
    }

    /** The owners whose sessions have ended on either node. */
    private List<String> ended(Browser anybody, String prefix) {
        return List.of(here, there).stream()
                .flatMap(node -> anybody.says(node, "journal destroyed ").lines())
                .map(line -> line.substring(line.lastIndexOf(' ') + 1))
                .filter(owner -> owner.startsWith(prefix))
                .toList();
    }

    /** Lets that much time pass. Blocks. */
    static void pause(Duration duration) {
        await().pollDelay(duration).atMost(duration.plusSeconds(10)).until(() -> true);
    }
}
