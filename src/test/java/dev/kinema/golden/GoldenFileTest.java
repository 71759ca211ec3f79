package dev.kinema.golden;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.gson.JsonObject;
import dev.kinema.device.HostArray;
import dev.kinema.graph.Shape;
import java.util.Map;
import org.junit.jupiter.api.Test;

class GoldenFileTest {
    @Test
    void generatorGivesTheListedNumbers() {
        JsonObject check = GoldenFile.json("lcg_check.json");
        check.entrySet().forEach(e -> assertArrayEquals(GoldenFile.numbers(e.getValue().getAsJsonObject().get("value")),
            GoldenFile.lcg(Long.parseUnsignedLong(e.getKey()), 8), "seed " + e.getKey()));
    }

    @Test
    void safetensorsHoldWhatTheirReportLists() {
        Map<String, HostArray> tensors = GoldenFile.tensors("infonce/infonce_B8_D16_K64.safetensors");
        double[] listed = GoldenFile.numbers(GoldenFile.json("infonce/infonce.json").getAsJsonObject("infonce_B8_D16_K64")
            .get("q_raw_first16"));
        HostArray q = tensors.get("q_raw");
        assertEquals(Shape.of(8, 16), q.shape());
        assertArrayEquals(listed, java.util.Arrays.copyOf(q.toDoubles(), 16));
        assertArrayEquals(GoldenFile.lcg(11, 128), q.toDoubles());
    }
}
