package dev.mooring.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.mooring.model.SessionRecord;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What {@link EvictionIT} and {@link OtherEvictionIT} ask, of a mode and an eviction policy each. */
abstract class EvictionRules {
    private static final Logger LOG = LoggerFactory.getLogger(EvictionRules.class);
    private static final String ENVIRONMENT = "ee10";
    private static final Duration LIMIT = Duration.ofSeconds(20);

    @Parameter(0)
    private Mode mode;

    @Parameter(1)
    private int policy;

    private static NodeCluster cluster;
    private static Bystander bystander;

    @BeforeParameterizedClassInvocation
    static void startNodes(Mode mode, int policy) {
        cluster = LiveWar.onNodes(
                "eviction-" + mode + policy,
                2,
                mode,
                base -> base.property("jetty.session.evictionPolicy", String.valueOf(policy))
                        .property("jetty.session.saveOnInactiveEviction", "true")
                        .property("jetty.session.removeUnloadableSessions", "true")
                        .property("jetty.session.nonSerializable", "local")
                        .property("jetty.sessionScavengeInterval.seconds", "0"));
        bystander = Bystander.of(cluster);
    }

    @AfterParameterizedClassInvocation
    static void stopNodesAndReadTheirLogs() {
        bystander.close();
        cluster.close();
        cluster.logs()
                .expecting(
                        ":chmio.EntryOperation:.*cannot be cast to class dev.mooring.model.SessionRecord",
                        "Hazelcast says what it met")
                .expecting(":dms.Loads:.*removed, since its record is damaged", "the test damages one")
                .expecting(":dms.AttributeRules:.*stays on this node, it cannot be serialised", "the test sets one")
                .passes(List.of(on(0).path()));
    }

    @Test
    void takesNoSessionWhoseValuesAreOnThisNodeOnly() {
        Browser browser = cluster.newBrowser();
        String id = browser.says(on(0), "open ada");
        assertThat(browser.says(on(0), "setLocal thing")).isEqualTo("ok");
        String thing = browser.says(on(0), "get thing");

        pauseFor(untilEvicted());

        assertThat(bystander.record(id))
                .hasValueSatisfying(record -> assertThat(record.holders()).hasSize(1));
        assertThat(browser.says(on(0), "get thing")).isEqualTo(thing).startsWith("java.lang.Object@");
        assertThat(browser.says(on(1), "get thing")).isEqualTo("null");
    }

    @Test
    void removesADamagedRecordWhenSomebodyWantsItsSession() {
        Browser browser = cluster.newBrowser();
        String id = browser.says(on(0), "open ada");
        holdersAndThen(id);

        bystander.damage(id);

        assertThat(browser.says(on(1), "get who")).isEqualTo("none");
        assertThat(bystander.record(id)).isEmpty();
        // At once where it was evicted there by then; each look is a use, so that there must be time between them.
        await().pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(untilEvicted()))
                .atMost(LIMIT)
                .until(() -> browser.says(on(0), "get who").equals("none"));
        assertThat(browser.says(on(1), "open eve")).isNotEqualTo(id);
        assertThat(browser.says(on(0), "get who")).isEqualTo("eve");
    }

    @Test
    void leavesTheSessionToItsLastHolder() {
        Browser browser = cluster.newBrowser();
        String id = browser.says(on(0), "open ada");
        browser.says(on(1), "set word one");

        holdersOf(id, 1);

        assertThat(browser.says(on(0), "get word")).isEqualTo("one");
        assertThat(browser.says(on(1), "get who")).isEqualTo("ada");
        holdersOf(id, 1);
        assertThat(browser.says(on(1), "set word two")).isEqualTo("ok");
        assertThat(browser.says(on(0), "get word")).isEqualTo("two");
    }

    @Test
    void neverTakesASessionFromAnOpenSocket() {
        Browser browser = cluster.newBrowser();
        String id = browser.says(on(0), "open ada");
        Socket socket = browser.opens(on(0), Way.CONFIGURED);
        browser.says(on(1), "set word first");
        holdersOf(id, 1);

        browser.says(on(1), "set word second");
        assertThat(socket.asks("get word")).isEqualTo("second");
        assertThat(browser.says(on(1), "changeId")).isNotEqualTo(id);
        assertThat(socket.asks("id")).isEqualTo(browser.says(on(1), "id"));
        browser.says(on(1), "invalidate");
        Ends.invalidated(socket);
    }

    @Test
    void leavesTheHandleThatAnApplicationKeepsAlive() {
        Browser browser = cluster.newBrowser();
        Browser anybody = cluster.newBrowser();
        String id = browser.says(on(0), "open ada");
        browser.says(on(0), "keep " + id);
        browser.says(on(1), "set word first");
        Socket pin = browser.opens(on(1), Way.PLAIN);
        // As the last holder it would stay listed, had it been evicted before the other node had the session.
        assertThat(anybody.says(on(0), "kept " + id + " get word")).isEqualTo("first");
        holdersOf(id, 1);

        assertThat(anybody.says(on(0), "kept " + id + " get word")).isEqualTo("first");
        browser.says(on(1), "set word second");
        assertThat(anybody.says(on(0), "kept " + id + " get word")).isEqualTo("second");
        holdersOf(id, 1);
        assertThat(anybody.says(on(0), "kept " + id + " set word third")).isEqualTo("ok");
        assertThat(pin.asks("get word")).isEqualTo("third");
        holdersOf(id, 1);
        assertThat(browser.says(on(0), "set word fourth")).isEqualTo("ok");
        assertThat(anybody.says(on(0), "kept " + id + " get word")).isEqualTo("fourth");
        holdersOf(id, 1);
        browser.says(on(1), "invalidate");
        Ends.invalidated(pin);
        assertThat(anybody.says(on(0), "kept " + id + " get word")).isEqualTo("!IllegalStateException");
    }

    @Test
    void storesWhatTheListenersChangeThatAreToldOfIt() {
        Browser browser = cluster.newBrowser();
        String id = browser.says(on(0), "open ada");
        browser.says(on(0), "watch watcher");

        // By the record: whoever asks a node has the session go from that one's memory too.
        await().atMost(LIMIT).until(() -> watcherOf(id).contains("node-0"));
        assertThat(browser.says(on(1), "get watcher")).contains("node-0");
    }

    private static String watcherOf(String id) {
        byte[] bytes =
                bystander.record(id).orElseThrow().attributes().get("watcher").bytes();
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    @Test
    void leavesTheDeadlineToTheLastHolderThoughAnotherNodeHasSetIt() {
        Browser browser = cluster.newBrowser();
        String owner = "limited-" + cluster.name();
        String id = browser.says(on(0), "open " + owner);
        holdersAndThen(id);
        Ends.Use last = Ends.Use.of(() -> browser.says(on(1), "setMaxInactive 3"));
        holdersOf(id, 1);

        Ends.destroyedOnce(List.of(on(0), on(1)), cluster.newBrowser(), owner, LIMIT);
        LOG.info("Late by {}", Ends.onTime(owner, System.nanoTime(), last, Duration.ofSeconds(3)));
        assertThat(browser.says(on(1), "get who")).isEqualTo("none");
        await().atMost(LIMIT)
                .untilAsserted(() -> assertThat(bystander.record(id)).hasValueSatisfying(record -> {
                    assertThat(record.state()).isEqualTo(SessionRecord.State.ENDED);
                    assertThat(record.attributes()).isEmpty();
                }));
    }

    @Test
    void letsSessionsExpireOnTime() throws Exception {
        Map<String, Duration> late = Lifetimes.allOn(cluster, ENVIRONMENT);

        LOG.info("{}, evictionPolicy {}: sessions ended after their deadline by {}", mode, policy, late);
        assertThat(late).isNotEmpty();
    }

    /**
     * Each step on whichever node and through whichever handle the dice say, with pauses in which the session is
     * evicted.
     */
    @Test
    void losesNoWriteWhileSessionsComeAndGo() {
        long seed = System.nanoTime();
        var dice = new Random(seed);
        Browser browser = cluster.newBrowser();
        Browser anybody = cluster.newBrowser();
        String id = browser.says(on(0), "open ada");
        browser.says(on(0), "keep " + id);
        browser.says(on(1), "keep " + id);
        for (int count = 1; count <= 60; count++) {
            LiveWar node = on(dice.nextInt(2));
            String counted =
                    dice.nextBoolean() ? browser.says(node, "add n") : anybody.says(node, "kept " + id + " add n");
            assertThat(counted).as("count %s, seed %s", count, seed).isEqualTo(String.valueOf(count));
            if (dice.nextInt(4) == 0) {
                int wait = dice.nextInt(800);
                await().pollDelay(Duration.ofMillis(wait)).until(() -> true);
            }
        }
    }

    /**
     * Waits until the one node that has the session has most likely evicted it, too, which is not to be seen from
     * outside.
     */
    private void holdersAndThen(String id) {
        holdersOf(id, 1);
        pauseFor(untilEvicted());
    }

    /** How many milliseconds it takes until a session is evicted, on a machine that is not too busy. */
    private long untilEvicted() {
        return 1_000L * policy + 1_100;
    }

    private static void pauseFor(long millis) {
        await().pollDelay(Duration.ofMillis(millis)).until(() -> true);
    }

    private void holdersOf(String id, int count) {
        await().atMost(LIMIT)
                .untilAsserted(() -> assertThat(bystander.record(id))
                        .hasValueSatisfying(
                                record -> assertThat(record.holders()).hasSize(count)));
    }

    private static LiveWar on(int node) {
        return new LiveWar(cluster.node(node), ENVIRONMENT);
    }
}
