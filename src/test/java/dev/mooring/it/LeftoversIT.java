package dev.mooring.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a cluster still has when the last session has ended and the nodes go on. */
class LeftoversIT {
    private static final String ENVIRONMENT = "ee11";
    private static final int SESSIONS = 10;
    private static final Duration LIMIT = Duration.ofSeconds(15);
    private static final Duration TOMBSTONE = Duration.ofMinutes(10);

    @Test
    void areTombstonesForTenMinutesAndNothingElse() {
        NodeCluster cluster = LiveWar.onNodes("leftovers", 2, Mode.CLIENTS);
        try (cluster;
                Bystander bystander = Bystander.of(cluster)) {
            endOne(cluster);
            List<String> topics = inboxes(bystander);

            List<String> ids = new ArrayList<>();
            for (int i = 0; i < SESSIONS; i++) {
                ids.add(endOne(cluster));
            }

            await().atMost(LIMIT)
                    .untilAsserted(() -> assertThat(bystander.aliases()).isZero());
            assertThat(bystander.rows()).isEqualTo(2);
            assertThat(inboxes(bystander)).containsExactlyInAnyOrderElementsOf(topics);
            for (String id : ids) {
                await().atMost(LIMIT)
                        .untilAsserted(() -> assertThat(bystander.timeToLive(id))
                                .hasValueSatisfying(left -> assertThat(left).isLessThanOrEqualTo(TOMBSTONE)));
            }
        }
        cluster.logs().passes(List.of("/live-" + ENVIRONMENT));
    }

    /** A session with a socket on each node and a new id, that is ended; returns its first id. */
    private static String endOne(NodeCluster cluster) {
        LiveWar here = new LiveWar(cluster.node(0), ENVIRONMENT);
        LiveWar there = new LiveWar(cluster.node(1), ENVIRONMENT);
        Browser browser = cluster.newBrowser();
        String id = browser.says(here, "open ada");
        Socket first = browser.opens(here, Way.CONFIGURED);
        Socket second = browser.opens(there, Way.PLAIN);
        second.asks("set word said");
        browser.says(there, "changeId");
        assertThat(first.asks("get word")).isEqualTo("said");
        browser.says(here, "invalidate");
        assertThat(first.close(LIMIT)).isPresent();
        assertThat(second.close(LIMIT)).isPresent();
        return id;
    }

    private static List<String> inboxes(Bystander bystander) {
        return bystander.topics().stream()
                .filter(name -> name.contains("-inbox-"))
                .toList();
    }
}
