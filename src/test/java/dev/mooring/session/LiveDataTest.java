package dev.mooring.session;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mooring.model.Change;
import dev.mooring.model.Outcome;
import dev.mooring.model.SessionKey;
import dev.mooring.model.SessionRecord;
import dev.mooring.model.Times;
import dev.mooring.testing.Policies;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.session.DefaultSessionIdManager;
import org.eclipse.jetty.session.SessionContext;
import org.eclipse.jetty.session.SessionHandler;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** When a copy of a session may be read without asking. */
class LiveDataTest {
    private static final long EPOCH = 3;
    private static final SessionKey KEY = new SessionKey("scope", "key");

    private final Heard heard = new Heard();
    private final AttributeCodec codec = new AttributeCodec(context(), Optional.empty());
    private final LiveData data = new LiveData(
            KEY, "", "", 0, 1_000, heard, codec, new AttributeRules(Policies.SESSIONS, codec, () -> false));

    @Test
    void aNoticeOfAVersionThatTheCopyHasNotMakesItBehind() {
        data.adopt(record("one", "two"), EPOCH);

        heard.changed(3);

        assertThat(data.isCurrent(EPOCH)).isFalse();
    }

    /**
     * The copy was read from a member that died before its backup had the same, and a later change has got the version
     * of the one that is lost.
     */
    @Test
    void aNoticeOfAVersionThatTheCopyHasAlreadyHasItReadAnewOnce() {
        data.adopt(record("one", "lost"), EPOCH);
        assertThat(data.isCurrent(EPOCH)).isTrue();

        data.told(data.version());

        assertThat(data.isCurrent(EPOCH)).isFalse();
        long doubts = data.doubts();
        SessionRecord instead = record("one", "other");
        assertThat(instead.version()).isEqualTo(data.version());
        data.forgetVersion();
        data.adopt(instead, EPOCH);
        data.settle(doubts);
        assertThat(data.isCurrent(EPOCH)).isTrue();
    }

    @Test
    void aNoticeThatComesWhileTheRecordIsReadIsNotMissed() {
        data.adopt(record("one", "two"), EPOCH);
        data.told(2);
        long doubts = data.doubts();
        data.told(2);

        data.settle(doubts);

        assertThat(data.isCurrent(EPOCH)).isFalse();
    }

    @Test
    void aVersionThatIsLostIsNotWaitedFor() {
        data.adopt(record("one"), EPOCH);
        heard.changed(2);
        assertThat(data.isCurrent(EPOCH)).isFalse();

        heard.undone(2, 1);

        assertThat(data.isCurrent(EPOCH)).isTrue();
    }

    @Test
    void aVersionThatWasHeardOfMeanwhileIsWaitedFor() {
        data.adopt(record("one"), EPOCH);
        heard.changed(2);
        heard.changed(3);

        heard.undone(2, 1);

        assertThat(data.isCurrent(EPOCH)).isFalse();
    }

    private static SessionContext context() {
        var manager = new SessionHandler();
        manager.setSessionIdManager(new DefaultSessionIdManager(new Server()));
        return new SessionContext(manager);
    }

    /** A record with one change after the other of one attribute. */
    private static SessionRecord record(String... values) {
        SessionRecord record = null;
        for (int i = 0; i < values.length; i++) {
            record = next(record, i, values[i]);
        }
        return Objects.requireNonNull(record);
    }

    private static SessionRecord next(@Nullable SessionRecord record, int operation, String value) {
        Change.Delta delta = new Change.Delta(
                "writer " + value,
                1,
                operation + 1,
                record == null,
                new Times(1, 1, 1, 1, 1),
                record == null ? KEY.name() : null,
                record == null ? Long.valueOf(1_000) : null,
                Map.of("name", value.getBytes(StandardCharsets.UTF_8)),
                Set.of(),
                Set.of());
        Change.Step step = delta.applyTo(record);
        assertThat(step.outcome().result()).isEqualTo(Outcome.Result.APPLIED);
        return Objects.requireNonNull(step.next());
    }
}
