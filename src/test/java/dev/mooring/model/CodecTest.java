package dev.mooring.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.sun.management.ThreadMXBean;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInput;
import java.io.DataInputStream;
import java.io.DataOutput;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.StreamCorruptedException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class CodecTest {

    private interface Writer {
        void write(Object value, DataOutput out) throws IOException;
    }

    private interface Reader {
        Object read(DataInput in) throws IOException;
    }

    /** Everything that travels. */
    private enum Kind {
        RECORD(
                "session record",
                Samples::arbitrary,
                (value, out) -> Codec.writeRecord((SessionRecord) value, out),
                Codec::readRecord),
        CHANGE(
                "change of a session",
                samples -> samples.any("n1"),
                (value, out) -> Codec.writeChange((Change) value, out),
                Codec::readChange),
        OUTCOME(
                "outcome",
                Samples::outcome,
                (value, out) -> Codec.writeOutcome((Outcome) value, out),
                Codec::readOutcome),
        NOTICE("notice", Samples::notice, (value, out) -> Codec.writeNotice((Notice) value, out), Codec::readNotice);

        final String title;
        final Function<Samples, Object> samples;
        final Writer writer;
        final Reader reader;

        Kind(String title, Function<Samples, Object> samples, Writer writer, Reader reader) {
            this.title = title;
            this.samples = samples;
            this.writer = writer;
            this.reader = reader;
        }

        byte[] bytes(Object value) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            try (DataOutputStream out = new DataOutputStream(bytes)) {
                writer.write(value, out);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return bytes.toByteArray();
        }

        Object read(byte[] bytes) throws IOException {
            return read(new ByteArrayInputStream(bytes));
        }

        Object read(ByteArrayInputStream bytes) throws IOException {
            try (DataInputStream in = new DataInputStream(bytes)) {
                return reader.read(in);
            }
        }

        /**
         * Returns whether bytes that may be anything can be read; another exception than the stream's own comes
         * through.
         */
        boolean isReadable(byte[] bytes) {
            try {
                read(bytes);
                return true;
            } catch (IOException refused) {
                return false;
            }
        }
    }

    @Nested
    class WhatWasWritten {

        @ParameterizedTest
        @EnumSource
        void isReadAgain(Kind kind) {
            Samples.forAll(500, samples -> {
                Object value = kind.samples.apply(samples);
                ByteArrayInputStream in = new ByteArrayInputStream(kind.bytes(value));

                Object read = readNow(kind, in);

                assertThat(comparable(read)).isEqualTo(comparable(value));
                assertThat(in.available()).as("bytes left over").isZero();
            });
        }

        private Object readNow(Kind kind, ByteArrayInputStream in) {
            try {
                return kind.read(in);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        /** A delta carries arrays, which are equal only to themselves. */
        private Object comparable(Object value) {
            if (!(value instanceof Change.Delta delta)) {
                return value;
            }
            Map<String, Attribute> set = new HashMap<>();
            delta.set().forEach((name, bytes) -> set.put(name, new Attribute(new Stamp(0, ""), bytes)));
            Change rest = new Change.Delta(
                    delta.node(),
                    delta.load(),
                    delta.operation(),
                    delta.creates(),
                    delta.times(),
                    delta.id(),
                    delta.maxInactiveMs(),
                    Map.of(),
                    delta.removed(),
                    delta.gone());
            return List.of(set, rest);
        }

        @Test
        void isRefusedWhereItIsCutOff() {
            for (Kind kind : Kind.values()) {
                Samples.forAll(5, samples -> {
                    byte[] bytes = kind.bytes(kind.samples.apply(samples));
                    // Every length near the ends, where the fields are; some of those within long values.
                    for (int length = 0; length < bytes.length; length += length > 2_000 ? 997 : 1) {
                        byte[] cut = Arrays.copyOf(bytes, length);
                        assertThatExceptionOfType(IOException.class)
                                .as("%s cut to %d of %d bytes", kind, length, bytes.length)
                                .isThrownBy(() -> kind.read(cut));
                    }
                });
            }
        }
    }

    @Nested
    class EqualRecords {

        @Test
        void haveEqualBytesInWhateverOrderTheyWereMade() {
            Samples.forAll(500, samples -> {
                SessionRecord record = samples.arbitrary();
                SessionRecord twin = samples.shuffled(record);

                assertThat(twin).isEqualTo(record).hasSameHashCodeAs(record);
                assertThat(Kind.RECORD.bytes(twin)).isEqualTo(Kind.RECORD.bytes(record));
            });
        }

        @Test
        void haveEqualBytesAfterAJourney() throws IOException {
            SessionRecord record = new Samples(1).arbitrary();
            byte[] bytes = Kind.RECORD.bytes(record);

            Object read = Kind.RECORD.read(bytes);

            assertThat(Kind.RECORD.bytes(read)).isEqualTo(bytes);
        }

        @Test
        void aChangeOfAnyFieldChangesTheBytes() {
            Samples.forAll(500, samples -> {
                SessionRecord one = samples.arbitrary();
                SessionRecord other = samples.arbitrary();

                boolean sameBytes = Arrays.equals(Kind.RECORD.bytes(one), Kind.RECORD.bytes(other));

                assertThat(sameBytes).isEqualTo(one.equals(other));
            });
        }
    }

    @Nested
    class AFormat {

        @ParameterizedTest
        @EnumSource
        void thatIsNewerIsRefusedByName(Kind kind) {
            byte[] bytes = kind.bytes(kind.samples.apply(new Samples(1)));
            bytes[0] = Codec.FORMAT + 1;

            assertThatExceptionOfType(StreamCorruptedException.class)
                    .isThrownBy(() -> kind.read(bytes))
                    .withMessageContaining("%s of format %d", kind.title, Codec.FORMAT + 1)
                    .withMessageContaining("reads format %d", Codec.FORMAT);
        }

        /** These bytes are in clusters: whoever changes what is written changes the format's number too. */
        @Test
        void oneLooksLikeThis() throws IOException {
            SessionRecord record = Samples.after(
                    Samples.after(
                            null,
                            new Change.Delta(
                                    "n1",
                                    7,
                                    1,
                                    true,
                                    new Times(1, 2, 3, 4, 5),
                                    "id",
                                    60_000L,
                                    Map.of("a", new byte[] {10, 11}),
                                    Set.of(),
                                    Set.of())),
                    new Change.Delta(
                            "n2",
                            8,
                            1,
                            false,
                            new Times(1, 2, 3, 4, 5),
                            null,
                            null,
                            Map.of("b", new byte[] {12}),
                            Set.of("a"),
                            Set.of()));
            String bytes = "01" // format
                    + "00" + "ff" + "00" // LIVE, no cause, no node
                    + "00000002" + "6964" + "0000000000000001" + "00000002" + "6e31" // id
                    + "000000000000ea60" + "0000000000000001" + "00000002" + "6e31" // maximum inactive interval
                    + "0000000000000002" // version
                    + "0000000000000001" + "0000000000000002" + "0000000000000003" // times
                    + "0000000000000004" + "0000000000000005"
                    + "00000002" // holders
                    + "00000002" + "6e31" + "0000000000000007" + "0000000000000001"
                    + "00000002" + "6e32" + "0000000000000008" + "0000000000000001"
                    + "00000001" // attributes
                    + "00000001" + "62" + "0000000000000002" + "00000002" + "6e32" + "00000001" + "0c"
                    + "00000001" // removals
                    + "00000001" + "61" + "0000000000000002" + "00000002" + "6e32";

            assertThat(HexFormat.of().formatHex(Kind.RECORD.bytes(record))).isEqualTo(bytes);
            assertThat(Kind.RECORD.read(HexFormat.of().parseHex(bytes))).isEqualTo(record);
        }
    }

    @Nested
    class HostileBytes {

        @ParameterizedTest
        @EnumSource
        void areReadOrRefused(Kind kind) {
            AtomicInteger refused = new AtomicInteger();
            Samples.forAll(2_000, samples -> {
                byte[] bytes = samples.bytes();
                if (bytes.length > 0) {
                    bytes[0] = Codec.FORMAT;
                }

                refused.addAndGet(kind.isReadable(bytes) ? 0 : 1);
            });

            assertThat(refused).hasPositiveValue();
        }

        @ParameterizedTest
        @EnumSource
        void inTheMiddleAreReadOrRefused(Kind kind) {
            AtomicInteger refused = new AtomicInteger();
            Samples.forAll(2_000, samples -> {
                byte[] bytes = kind.bytes(kind.samples.apply(samples));
                for (int i = samples.upTo(3); i >= 0; i--) {
                    // Most of all near the beginning, where the kinds, counts and lengths are.
                    int last = samples.chance() ? Math.min(bytes.length - 1, 64) : bytes.length - 1;
                    bytes[samples.upTo(last)] = (byte) samples.upTo(255);
                }

                refused.addAndGet(kind.isReadable(bytes) ? 0 : 1);
            });

            assertThat(refused).hasPositiveValue();
        }

        @ParameterizedTest
        @ValueSource(ints = {Integer.MAX_VALUE, Integer.MAX_VALUE - 8, 1 << 30, 1 << 24, -2, Integer.MIN_VALUE})
        void cannotTakeMemoryByALength(int length) {
            byte[] id = HexFormat.of().parseHex("0100ff00" + HexFormat.of().toHexDigits(length) + "6964");
            ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            readRefused(id);

            long before = threads.getCurrentThreadAllocatedBytes();
            readRefused(id);
            long allocated = threads.getCurrentThreadAllocatedBytes() - before;

            assertThat(allocated).isLessThan(1 << 20);
        }

        private void readRefused(byte[] bytes) {
            assertThat(Kind.RECORD.isReadable(bytes)).isFalse();
        }

        @Test
        void thatCreateNothingAreRefused() {
            byte[] bytes = Kind.CHANGE.bytes(new Change.Delta(
                    "n", 1, 1, false, new Times(1, 1, 1, 1, 1), null, null, Map.of(), Set.of(), Set.of()));
            // The flag that says that this change makes the record, for which it lacks the id.
            int creates = 1 + 1 + 4 + 1 + 8 + 8;
            assertThat(bytes[creates]).isZero();
            bytes[creates] = 1;

            assertThatExceptionOfType(StreamCorruptedException.class).isThrownBy(() -> Kind.CHANGE.read(bytes));
        }
    }
}
