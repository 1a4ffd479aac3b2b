package dev.mooring.websocket;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OriginTest {

    @ParameterizedTest(name = "{0} on {1}: {2}")
    @CsvSource({
        "http://shop.example, shop.example, true",
        "https://shop.example, shop.example, true",
        "https://shop.example:8443, shop.example, true",
        "https://SHOP.example, shop.Example, true",
        "http://[::1]:8080, [::1], true",
        "http://[::1]:8080, ::1, true",
        "http://127.0.0.1, 127.0.0.1, true",
        "https://evil.example, shop.example, false",
        "https://shop.example.evil.example, shop.example, false",
        "https://evil.example/shop.example, shop.example, false",
        "https://shop.example@evil.example, shop.example, false",
        "null, shop.example, false",
        "null, null, false",
        "'', shop.example, false",
        "shop.example, shop.example, false",
        "://, shop.example, false",
    })
    void isOnAHostOnlyIfItsOwnHostIsThatOne(String origin, String host, boolean same) {
        assertThat(Origin.hasHost(origin, host)).isEqualTo(same);
    }

    @ParameterizedTest
    @CsvSource({"http://shop.example", "null"})
    void isOnNoHostWhereTheRequestNamesNone(String origin) {
        assertThat(Origin.hasHost(origin, null)).isFalse();
    }
}
