package dev.kinema.metric;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Names of roles, and generated texts. */
class RoleTextsTest {
    @Test
    void codesOfNames() {
        assertEquals("Arg2", RoleNames.code("Arg2 (location)"), "a number is the code, whatever follows");
        assertEquals("Arg5", RoleNames.code("Arg5"));
        assertEquals("AScn", RoleNames.code("Scene of the Event"));
        assertEquals(List.of("ADir", "APrp", "AMnr", "ALoc", "AGol"), List.of("ArgM (direction)", "ArgM (purpose)", "ArgM (manner)",
            "ArgM (location)", "ArgM (goal)").stream().map(RoleNames::code).toList());
        assertEquals("ADir", RoleNames.code("ArgM (goal, direction)"), "the first that is looked for");
    }

    @Test
    void otherNamesAreRefused() {
        for (String name : List.of("", " Arg0 (x)", "Arg0\t(x)", "ArgM", "Arg6 (x)", "Arg0(walker)", "scene of the event",
            "ArgM (time)", "location")) {
            KinemaException refused = assertThrows(KinemaException.class, () -> RoleNames.code(name), name);
            assertTrue(refused.getMessage().contains("'" + name + "'"), refused::getMessage);
        }
    }

    @Test
    void textsAreParsedIntoRoles() {
        assertEquals(Map.of("vb_id", "walk.01", "Arg0", "man in white", "ADir", "away", "AScn", "in a park"),
            GeneratedRoles.parse("walk.01 <Arg0> man in white <ADir> away <AScn> in a park"));
        assertEquals(List.of("vb_id", "AScn", "Arg0"),
            List.copyOf(GeneratedRoles.parse("walk.01 <AScn> park <Arg0> man").keySet()), "in their order");
        assertEquals(Map.of("vb_id", "walk.01", "", ""), GeneratedRoles.parse("walk.01"), "no marker: all is before one");
        assertEquals(Map.of("vb_id", "walk.01", "", "", "Vb", "x"), GeneratedRoles.parse("walk.01  <Vb> x"), "an empty piece");
        assertEquals(Map.of("vb_id", "walk.01", "", "by foot", "Arg0", ""), GeneratedRoles.parse("walk.01 by foot <Arg0>"));
        assertEquals(Map.of("vb_id", "walk.01", "Arg0", "dog", "Arg1", ""), GeneratedRoles.parse("walk.01 <Arg0> man <Arg1> <Arg0> dog"));
        assertEquals(Map.of("vb_id", "walk.01", "Arg0", "a  man <Arg5> </Arg0> b<Arg1>"),
            GeneratedRoles.parse("walk.01 <Arg0> a  man <Arg5> </Arg0> b<Arg1>"), "not markers, and spaces are kept");
    }

    @Test
    void textWithoutVerbSaysNothing() {
        for (String text : List.of("", "walk <Arg0> man", "<Arg0> man. walks", " walk.01 <Arg0> man")) {
            assertEquals(Map.of(), GeneratedRoles.parse(text), text);
        }
        assertEquals(Map.of("vb_id", ".", "", "man"), GeneratedRoles.parse(". man"));
    }
}
