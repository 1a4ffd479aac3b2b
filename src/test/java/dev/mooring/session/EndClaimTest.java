package dev.mooring.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.mooring.model.SessionKey;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Which of the nodes that hold a session ends it when it is due. */
class EndClaimTest {
    private static final long SEED = 1;
    private static final int PAIRS = 100;
    private static final int SESSIONS = 2_000;

    @Test
    void ofTwoNodesEachEndsHalfOfTheSessions() {
        Random random = new Random(SEED);
        List<SessionKey> sessions = Stream.generate(() -> new SessionKey("/shop", anyName(random)))
                .limit(SESSIONS)
                .toList();
        for (int i = 0; i < PAIRS; i++) {
            String one = anyName(random);
            String other = anyName(random);

            long ofOne = sessions.stream()
                    .filter(session -> EndClaim.rank(session, one) < EndClaim.rank(session, other))
                    .count();

            assertThat((double) ofOne / SESSIONS)
                    .as("share of %s, beside %s", one, other)
                    .isCloseTo(0.5, within(0.1));
        }
    }

    private static String anyName(Random random) {
        return new UUID(random.nextLong(), random.nextLong()).toString();
    }
}
