package dev.mooring.session;

import dev.mooring.model.SessionKey;
import dev.mooring.session.SessionPolicy.NonSerializable;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a session attribute may be in one web application, and what is said of one that may not. Thread-safe.
 * Serialising runs the values' own code, so no lock may be held; otherwise nothing blocks.
 */
final class AttributeRules {

    private static final Logger LOG = LoggerFactory.getLogger(AttributeRules.class);

    /** What Jetty itself keeps in sessions, such as a form to be posted again after the login: never refused. */
    private static final String JETTYS_OWN = "org.eclipse.jetty.";

    private static final int MOST_REPORTED = 1000;

    private final SessionPolicy policy;
    private final AttributeCodec codec;
    private final BooleanSupplier distributable;
    private final Set<String> reported = ConcurrentHashMap.newKeySet();

    AttributeRules(SessionPolicy policy, AttributeCodec codec, BooleanSupplier distributable) {
        this.policy = policy;
        this.codec = codec;
        this.distributable = distributable;
    }

    /**
     * Serialises a value that is about to be set.
     *
     * @throws IllegalArgumentException if it is too large, or cannot be serialised where it must
     */
    Encoded admit(SessionKey key, String name, Object value) {
        byte[] bytes;
        try {
            bytes = codec.encode(value);
        } catch (IOException e) {
            if (rejectsNonSerializable() && !name.startsWith(JETTYS_OWN)) {
                throw new IllegalArgumentException(
                        "session attribute " + name + " of " + value.getClass().getName() + " cannot be serialised: "
                                + Serialisability.culprit(codec, name, value) + " (" + e + ")",
                        e);
            }
            staysHere(key, name, value, e);
            return Encoded.LOCAL;
        }
        String objection = objectionTo(bytes.length, 0);
        if (objection != null) {
            throw new IllegalArgumentException("session attribute " + name + " " + objection);
        }
        return new Encoded(bytes);
    }

    /**
     * Says why a value may not take so many bytes.
     *
     * @param sessionSize how many the whole session would take with it
     * @return null if it may
     */
    @Nullable
    String objectionTo(int size, long sessionSize) {
        if (size > policy.maxAttributeBytes()) {
            return "takes " + size + " bytes: jetty.session.maxAttributeBytes is " + policy.maxAttributeBytes();
        }
        return sessionSize > policy.maxSessionBytes()
                ? "makes the session take " + sessionSize + " bytes: jetty.session.maxSessionBytes is "
                        + policy.maxSessionBytes()
                : null;
    }

    /**
     * Checks a session that is about to get one more value.
     *
     * @throws IllegalArgumentException if it would have too many, or too large ones
     */
    void checkLimits(LiveAttributes attributes, String name, int size) {
        if (attributes.countWith(name) > policy.maxAttributes()) {
            throw new IllegalArgumentException("session attribute " + name
                    + " is one too many: jetty.session.maxAttributes is " + policy.maxAttributes());
        }
        String objection = objectionTo(size, attributes.sizeWith(name, size));
        if (objection != null) {
            throw new IllegalArgumentException("session attribute " + name + " " + objection);
        }
    }

    /** A value cannot be serialised, and is kept on this node alone. */
    void staysHere(SessionKey key, String name, Object value, IOException failure) {
        warn(key, "attribute", name, value, () -> reason(name, value, failure));
    }

    /**
     * A value that was changed in place, and was admitted before, can be serialised no more: others keep what it was.
     */
    void changeStaysHere(SessionKey key, String name, Object value, IOException failure) {
        warn(key, "a change inside of attribute", name, value, () -> reason(name, value, failure));
    }

    /**
     * A value has outgrown a limit by a change in place: others keep what it was, until it is within the limit again.
     */
    void outgrown(SessionKey key, String name, Object value, String objection) {
        warn(key, "the growth of attribute", name, value, () -> "it " + objection);
    }

    private String reason(String name, Object value, IOException failure) {
        return "it cannot be serialised: " + Serialisability.culprit(codec, name, value) + " (" + failure + ")";
    }

    private void warn(SessionKey key, String what, String name, Object value, Supplier<String> reason) {
        String subject = what + " " + name + " of " + value.getClass().getName();
        if (isNews(subject)) {
            LOG.warn("Session {}: {} stays on this node, {}", key, subject, reason.get());
        }
    }

    /** A value that the record has cannot be read here. */
    void notReadable(SessionKey key, String name, IOException failure) {
        if (isNews(name + " unread: " + failure)) {
            LOG.warn(
                    "Session {}: attribute {} cannot be read on this node and counts as absent here: {}",
                    key,
                    name,
                    failure.toString());
        }
    }

    // Names may be made up without end, and what is remembered may not grow with them.
    private boolean isNews(String news) {
        return reported.size() < MOST_REPORTED && reported.add(news);
    }

    private boolean rejectsNonSerializable() {
        return policy.nonSerializable() == NonSerializable.REJECT
                || policy.nonSerializable() == NonSerializable.SPEC && distributable.getAsBoolean();
    }
}
